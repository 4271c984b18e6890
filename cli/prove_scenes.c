/*
 * prove_scenes.c: what happens to actions beside the death of a process at one call.
 */
#include "config.h"

#include "cli/prove.h"

/* Life with all calls; what it shows is known to the others. */
void
scene_life(struct prove *prove)
{
	struct life life;

	life_init(&life, prove);
	if (life_must(&life, VERB_PREPARE) == 0 && life_must(&life, VERB_START) == 0) {
		if (!life_effect_comes(&life))
			prove_wrong(prove, "--effect ends with 0 while it runs: it cannot tell "
			    "whether the effect is there");
		if (description_has(prove->action, VERB_STATUS))
			(void)life_must(&life, VERB_STATUS);
	}
	life_end(&life);
	life_done(&life);
}

/* The agent has lost the reply, and asks again: what it gets is the same, and holds. */
void
scene_again(struct prove *prove)
{
	static const enum verb verbs[] = { VERB_PREPARE, VERB_START, VERB_STATUS, VERB_STOP };
	struct life life;
	size_t i;

	life_init(&life, prove);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && prove->wrong_count == 0; i++)
		if (description_has(prove->action, verbs[i]) &&
		    life_must(&life, verbs[i]) == 0)
			(void)life_must(&life, verbs[i]);
	life_end(&life);
	life_done(&life);
}

/* stop() where start() never ran. */
void
scene_unstarted(struct prove *prove)
{
	struct life life;

	life_init(&life, prove);
	if (life_must(&life, VERB_PREPARE) == 0 && prove->effect != NULL &&
	    !life_effect_gone(&life))
		prove_wrong(prove, "prepare() has an effect");
	life_end(&life);
	life_done(&life);
}

static int
serve_again(struct prove *prove)
{
	struct err err;

	if (prove_server_begin(&prove->server, &err) == 0)
		return 0;
	prove_wrong(prove, "%s", err.msg);
	prove->broken = true;
	return -1;
}

/* Every process of the server dies at the same moment, while it runs. */
void
scene_killed(struct prove *prove)
{
	struct life life;

	life_init(&life, prove);
	if (life_must(&life, VERB_PREPARE) == 0 && life_must(&life, VERB_START) == 0) {
		prove_server_kill(&prove->server);
		if (serve_again(prove) == 0)
			life_end(&life);
	}
	life_done(&life);
}

/* The database is gone: the state that the agent has brings back what stop() must know. Twice. */
void
scene_lost(struct prove *prove)
{
	struct life life;
	int times;

	life_init(&life, prove);
	if (life_must(&life, VERB_PREPARE) == 0 && life_must(&life, VERB_START) == 0)
		for (times = 0; times < 2 && prove->wrong_count == 0; times++) {
			prove_server_kill(&prove->server);
			prove_server_lose(&prove->server);
			if (serve_again(prove) == 0)
				life_end(&life);
		}
	life_done(&life);
}

/* What the first one does stays, whatever becomes of the second. */
static void
stay(struct life *first, const char *what)
{
	if (!life_effect_comes(first)) {
		prove_wrong(first->prove, "the effect of another execution is gone: %s", what);
		first->prove->broken = true;
	}
}

/* A call that may be refused. Whether it was not. */
static bool
try_call(struct life *life, enum verb verb)
{
	struct ask_reply reply;
	bool good = life_call(life, verb, &reply) == 200 &&
	    json_member(reply.body, "error") == NULL;

	ask_reply_done(&reply);
	return good;
}

/* Another execution beside it, which may be refused, must not undo what this one did. */
void
scene_beside(struct prove *prove)
{
	struct life first, second, third;

	life_init(&first, prove);
	life_init(&second, prove);
	life_init(&third, prove);
	if (life_must(&first, VERB_PREPARE) == 0 && life_must(&first, VERB_START) == 0 &&
	    life_effect_comes(&first)) {
		if (try_call(&second, VERB_PREPARE))
			(void)try_call(&second, VERB_STOP);
		stay(&first, "after a stop() without start()");
		if (try_call(&third, VERB_PREPARE)) {
			(void)try_call(&third, VERB_START);
			(void)try_call(&third, VERB_STOP);
		}
		stay(&first, "after the stop() of a second one");
	}
	life_end(&first);
	life_done(&first);
	life_done(&second);
	life_done(&third);
}
