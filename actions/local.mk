# What the program `actionkit` has compiled in.
ACTIONS = \
	actions/actions.def \
	actions/example.c \
	actions/pause_process.c
