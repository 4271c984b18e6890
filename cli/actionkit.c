/*
 * actionkit.c: the program `actionkit`: the actions of actions.def, and everything else
 * from the library.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "core/actionkit.h"

#define ACTION(name_) extern const struct ak_action action_##name_;
#include "actions/actions.def"
#undef ACTION

#define ACTION(name_) &action_##name_,
static const struct ak_action *const actions[] = {
#include "actions/actions.def"
};
#undef ACTION

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (ak_register(actions[i]) == -1) {
			fprintf(stderr, "actionkit: out of memory\n");
			return EX_OSERR;
		}
	return ak_main(argc, argv);
}
