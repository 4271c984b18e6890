/*
 * prove.h: what the parts of `prove` share: what is proved, a life of it, and what is wrong.
 */
#ifndef CLI_PROVE_H
#define CLI_PROVE_H

#include <stdbool.h>

#include "cli/prove_ask.h"
#include "cli/prove_server.h"
#include "core/action/description.h"
#include "core/base/uuid_text.h"

#define PROVE_WRONG_MAX 8		/* of one try; what is more is not told */

struct prove {
	const struct ak_action *action;
	const char *effect;		/* the shell command; NULL: the action has none */
	struct json_object *config, *target; /* owned; target may be NULL */
	struct prove_server server;
	bool by_chance;			/* kills at any time, where calls cannot be counted */
	char *wrong[PROVE_WRONG_MAX];	/* what this try has shown, owned */
	size_t wrong_count;
	bool broken;			/* the server is of no use any more */
};

/* Notes a violation of this try. */
void prove_wrong(struct prove *prove, const char *format, ...) AK_PRINTF(2, 3);

/* Whether a signal asks to end. */
bool prove_interrupted(void);

/* An execution, as its agent knows it. */
struct life {
	struct prove *prove;
	char id[UUID_TEXT_BYTES];
	struct json_object *state;	/* as the last reply said it, owned; NULL: none did */
};

void life_init(struct life *life, struct prove *prove);
void life_done(struct life *life);

/* One call; takes the state from its reply. The status, 0 where the process died; -1: no server. */
int life_call(struct life *life, enum verb verb, struct ask_reply *ret_reply);
/* The same, which must succeed: 0, or -1 and it is noted. */
int life_must(struct life *life, enum verb verb);

/* Whether COMMAND says that the effect is gone. */
bool life_effect_gone(const struct life *life);
/* Whether it is there, or comes within the time that a worker may take; true if there is none. */
bool life_effect_comes(const struct life *life);

/*
 * Stops it, as its agent does, until that is recorded, and looks: nothing may be left. Notes what
 * does not hold.
 */
void life_end(struct life *life);

/* Looks at what is there after the end. */
void life_look(struct life *life);

/* A try: several of them make a part. */
struct part {
	const char *name;		/* of --only */
	const char *title;
	bool (*applies)(const struct prove *prove); /* NULL: always */
	void (*scene)(struct prove *prove); /* happens once; NULL: a kill at every call */
	/* Of those that kill. */
	enum verb verb;
	const char *way;		/* from the responder to who dies (trace_begin()) */
	bool by_reaper;			/* the way is from the reaper, who is asked to stop all */
};

extern const struct part prove_parts[];	/* ended by one without a name */

/* Those that do not kill at a call (prove_scenes.c). */
void scene_life(struct prove *prove);
void scene_again(struct prove *prove);
void scene_unstarted(struct prove *prove);
void scene_killed(struct prove *prove);
void scene_lost(struct prove *prove);
void scene_beside(struct prove *prove);

/*
 * The kill before the system call with the number at (prove_points.c), or by chance so many us
 * after the process is there; 0: none. Returns whether it was killed. *ret_number: which call it
 * was at, or how many there were; by chance the time.
 */
bool point_try(struct prove *prove, const struct part *part, long at, long *ret_number);

#endif
