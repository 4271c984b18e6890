/*
 * actionkit.c: the program `actionkit`: the actions and discoveries of actions.def, and
 * everything else from the library.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "core/actionkit.h"

#define ACTION(name_) extern const struct ak_action action_##name_;
#define DISCOVERY(name_) extern const struct ak_discovery discovery_##name_;
#include "actions/actions.def"
#undef ACTION
#undef DISCOVERY

/* Adds all of them: 0, or -1 where memory is out. */
static int
register_all(void)
{
	int result = 0;

#define ACTION(name_) result |= ak_register(&action_##name_);
#define DISCOVERY(name_) result |= ak_register_discovery(&discovery_##name_);
#include "actions/actions.def"
#undef ACTION
#undef DISCOVERY
	return result;
}

int
main(int argc, char **argv)
{
	if (register_all() == -1) {
		fprintf(stderr, "actionkit: out of memory\n");
		return EX_OSERR;
	}
	return ak_main(argc, argv);
}
