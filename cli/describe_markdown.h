/*
 * describe_markdown.h: what all actions of this program are and take, as a document.
 */
#ifndef CLI_DESCRIBE_MARKDOWN_H
#define CLI_DESCRIBE_MARKDOWN_H

/* Prints it. docs/actions.md is that of the program actionkit. */
void describe_markdown(void);

#endif
