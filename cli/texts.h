/*
 * texts.h: files of this tree that are built into the program (cli/embed.sh).
 */
#ifndef CLI_TEXTS_H
#define CLI_TEXTS_H

struct text {
	const char *name;		/* of the file, without its folder: "actionkit.conf.in" */
	const char *data;		/* ends in a NUL */
};

/* NULL names end them. */
extern const struct text texts[];
/* Where the snippets for nginx are installed. */
extern const char texts_nginx_dir[];

/* The text of a file; all that are asked for are there. */
const char *texts_find(const char *name);

/* A word of a text, and what is to stand there instead; a NULL word ends them. */
struct text_word {
	const char *word, *value;
};

/* A copy of text with all words replaced, owned. Values are not looked at again. */
char *texts_fill(const char *text, const struct text_word *words);

#endif
