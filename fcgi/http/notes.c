/*
 * notes.c: the archive that notes.sh makes of the notes of this build, as a part of it.
 */
#include "config.h"

/* As an array in C it would be five times its size to compile. */
__asm__(
    ".section .rodata\n"
    ".global coverage_notes, coverage_notes_end\n"
    ".hidden coverage_notes, coverage_notes_end\n"
    "coverage_notes:\n"
    ".incbin \"fcgi/http/notes.tar\"\n"
    "coverage_notes_end:\n"
    ".previous\n");
