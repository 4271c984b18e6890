#define NONE 0
#define PREPARED 1
#define STARTING 2
#define RUNNING 3
#define STOPPING 4
#define STOPPED 5
#define MAY_PREPARE (phase == NONE || phase == PREPARED)
#define TO_PREPARE PREPARED
#define MAY_START (phase == NONE || phase == PREPARED)
#define TO_START STARTING
#define MAY_STARTED (phase == STARTING)
#define TO_STARTED RUNNING
#define MAY_STOP (phase == NONE || phase == PREPARED || phase == STARTING || phase == RUNNING)
#define TO_STOP STOPPING
#define MAY_RETRY (phase == STOPPING)
#define TO_RETRY STOPPING
#define MAY_STOPPED (phase == STOPPING)
#define TO_STOPPED STOPPED
#define MAY_END (phase == PREPARED || phase == STARTING || phase == RUNNING)
#define TO_END STOPPED
#define MAY_ABANDON (phase == STOPPING)
#define TO_ABANDON STOPPED
#define MAY_RESTOP (phase == STARTING || phase == RUNNING || phase == STOPPING || phase == STOPPED)
#define TO_RESTOP STOPPING
