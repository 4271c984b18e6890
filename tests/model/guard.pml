/*
 * guard.pml: who guards an execution when those who guard it die: two reapers, one active and
 * one standing by, and stops that are recorded later.
 *
 * One execution that was prepared; R0, which takes start, and R1, which takes stop; up to four
 * reapers (an old pair and a new one), whose stoppers are two; the supervisor that forks them;
 * an agent. A store that cannot be written for a while, or for ever, but be read. Chaos:
 * SIGKILL and SIGSTOP between any two steps, the supervisor among them, a stop() that fails,
 * SIGHUP, a server that is started again, a start() that closes what is not its own: the
 * execution's lock. A step (atomic) holds at most one commit, one effect or one signal. Who
 * dies with a parent may do so some time later.
 *
 * Times are left out: whatever a deadline may bring about may happen at any moment; any moment
 * the reaper may find the execution due. But "at the same moment" needs a meaning: two faults
 * (a kill or a hang each) are at the same moment if nothing is forked, killed or begun
 * between them that is to be without a pause. Then there may be two more (MOMENT). Nobody starts
 * the server again when all are gone: with the supervisor dead, the pair is what there is.
 *
 * Left out, for lifecycle.pml has it: prepare, status, SIGTERM, handlers that hang, stoppers and
 * responders that would not die with their parent. Left out, for it needs a third fault: a watcher
 * that kills what does not hang. Left out altogether: which processes a handler leaves.
 *
 * The phase changes by MOVE, whose table is the program's (moves.pml).
 * Each flag takes one rule away; rules.txt lists them.
 */
#include "moves.pml"

#ifndef FAULTS
#define FAULTS 0		/* kills and hangs, two of them at the same moment */
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef BLOCKS
#define BLOCKS 0		/* how often the store cannot be written */
#endif
#ifndef HUPS
#define HUPS 0			/* together with SERVES at most 1: two generations */
#endif
#ifndef SERVES
#define SERVES 0
#endif
#ifndef LOSES
#define LOSES 0
#endif
#ifndef STOPS
#define STOPS 0			/* calls of the agent */
#endif

#define AT_ONCE 2

/* Who runs handlers: responders, stoppers. */
#define R0 0
#define R1 1
#define S0 2
#define S1 3
#define NOBODY 9

/* What they are at. */
#define DOWN 0
#define IDLE 1			/* a stopper: forked */
#define AWAITS 2		/* somebody else has the lock */
#define LOCKED 3		/* has the lock */
#define BEGUN 4			/* in start() */
#define SAVED 5			/* in start(), the undo record is saved */
#define RETURNED 6		/* start() is over */
#define RESTOPS 7		/* must run stop() after it, and can commit nothing */
#define IN_STOP 8
#define RAN 9			/* stop() is over */

/* A reaper. */
#define FORKED 1
#define WAITING 2		/* its slot is written, it waits for the lock */
#define HOLDING 3		/* has the lock, its slot is not written yet: never, by rule */
#define ACTIVE 4

/* The row. */
byte phase = PREPARED;
bit saved = 0;			/* the undo record is in its state */
bit wanted = 0;
bit restops = 0;		/* start() came back late */

/* The store. */
bit blocked = 0;		/* nobody can commit */
bit forever = 0;

/* The world. */
bit effect = 0;
bit told = 0;			/* the agent was told that it is stopped */
bit asked = 0;			/* ... that its wish is noted */
bit lost = 0;			/* start() has closed the lock */
bit started = 0;		/* calls that the agent has made */
byte stopped = 0;
bit start_queued = 0;
bit stop_queued = 0;

/* Processes. */
byte at[4];
byte parent[4];			/* the reaper of a stopper */
bit orphan[4];			/* the parent is dead: it will die, too */
bit has[4];			/* an attempt has the undo record */
bit good[4];			/* its stop() succeeded */
bit seen[4];			/* restops, when it began */
byte lock = NOBODY;		/* of the execution */
byte reaper[4];
bit generation[4];
bit leaving[4];			/* asked to leave */
bit stuck[4];
byte reaper_lock = NOBODY;
bit memory = 0;			/* the active one knows of a stop that is not recorded */
bit remembered = 0;		/* ... and restops, when that began */
bit serving = 1;		/* a supervisor runs */
bit frozen = 0;			/* ... or hangs */
bit now = 0;			/* its generation */
bit paired = 0;			/* there was a pair */
byte faults = FAULTS, fails = FAILS, blocks = BLOCKS, hups = HUPS, serves = SERVES, loses = LOSES;
byte blows = 0;			/* faults at this moment */

#ifdef NO_LATER
bit unrecorded = 0;
#endif

#define MOVE(name) assert(MAY_##name); phase = TO_##name

/* start() comes back late: the stop that did not wait for it was none. */
#define STOP_ANEW assert(lost); MOVE(RESTOP); restops = 1

#define WRITABLE (!blocked)
#define OVER (phase == STOPPED)
#define IN_START (at[R0] == BEGUN || at[R0] == SAVED)
#define STOPS_RUN ((at[R0] == RESTOPS && lock == R0 -> 1 : 0) + (at[R1] == IN_STOP -> 1 : 0) + \
    (at[S0] == IN_STOP -> 1 : 0) + (at[S1] == IN_STOP -> 1 : 0))

/* Never two of start() and stop() at a time, as long as start() leaves the lock alone. */
#define ALONE assert(STOPS_RUN + (IN_START && !lost -> 1 : 0) <= 1)

/*
 * Ends
 */

inline unlock(x)
{
	if
	:: lock == x -> lock = NOBODY
	:: else
	fi
}

/* The call is answered, or the stopper leaves; or it is killed. */
inline finish(x, to)
{
	unlock(x);
	has[x] = 0;
	good[x] = 0;
	seen[x] = 0;
	at[x] = to;
	if
	:: to == DOWN -> orphan[x] = 0; parent[x] = 0
	:: else
	fi
}

#define REST(x) (x == R1 -> IDLE : DOWN)

inline end_reaper(q)
{
	reaper[q] = DOWN;
	generation[q] = 0;
	leaving[q] = 0;
	stuck[q] = 0;
	if
	:: reaper_lock == q -> reaper_lock = NOBODY; memory = 0; remembered = 0
	:: else
	fi;
	orphan[S0] = orphan[S0] || (at[S0] != DOWN && parent[S0] == q);
	orphan[S1] = orphan[S1] || (at[S1] != DOWN && parent[S1] == q)
}

#ifdef NO_GUARD
#define DIES_WITH_SUPERVISOR(q) true
#elif defined(NO_STANDBY_GUARD)
#define DIES_WITH_SUPERVISOR(q) (reaper[q] != ACTIVE)
#else
#define DIES_WITH_SUPERVISOR(q) false
#endif

inline end_with_supervisor(q)
{
	if
	:: reaper[q] != DOWN && DIES_WITH_SUPERVISOR(q) -> end_reaper(q)
	:: else
	fi
}

inline end_supervisor()
{
	serving = 0;
	frozen = 0;
	orphan[R0] = (at[R0] != DOWN);
	orphan[R1] = (at[R1] != DOWN);
	end_with_supervisor(0);
	end_with_supervisor(1);
	end_with_supervisor(2);
	end_with_supervisor(3)
}

/*
 * Responders and stoppers
 */

/* "stopped": nothing is left, and nothing can begin any more. */
inline tell()
{
	assert(effect == 0 || lost);
	told = 1
}

/* It looks whether it still has the lock. */
#ifdef NO_RESTOP
#define ON_TIME true
#else
#define ON_TIME (!lost)
#endif

proctype Start()
{
	do
	:: atomic { orphan[R0] -> finish(R0, DOWN) }
	:: atomic { at[R0] == IDLE && start_queued ->
		start_queued = 0;
		if
		:: lock == NOBODY -> lock = R0; at[R0] = LOCKED
		:: else
		fi }
	:: atomic { at[R0] == LOCKED ->
		if
		:: WRITABLE && MAY_START && !wanted ->
			assert(!asked);
			MOVE(START);
			at[R0] = BEGUN;
			ALONE
		:: else -> finish(R0, IDLE)
		fi }
	:: atomic { at[R0] == BEGUN ->
		if
		:: WRITABLE -> saved = 1; at[R0] = SAVED
		:: at[R0] = RETURNED
		fi }
	:: atomic { at[R0] == SAVED ->
		assert((phase == STARTING && !told) || lost);
		effect = 1;
		at[R0] = RETURNED }
	:: atomic { IN_START && loses > 0 -> loses--; lost = 1; unlock(R0) }
	:: atomic { at[R0] == RETURNED && WRITABLE ->
		if
		:: ON_TIME && MAY_STARTED -> MOVE(STARTED)
#ifndef NO_RESTOP
		:: !(ON_TIME && MAY_STARTED) -> STOP_ANEW
#endif
		:: else
		fi;
		finish(R0, IDLE) }
	:: atomic { at[R0] == RETURNED && !WRITABLE ->
		if
		/* The row stays `starting`. */
		:: ON_TIME -> finish(R0, IDLE)
		:: !ON_TIME -> at[R0] = RESTOPS
		fi }
	:: atomic { at[R0] == RESTOPS && lock == NOBODY -> lock = R0; ALONE }
	:: atomic { at[R0] == RESTOPS && lock == R0 ->
		if
		:: effect = 0; finish(R0, IDLE)
		:: fails > 0 -> fails--; finish(R0, RETURNED)
		fi }
	od
}

/* It enters stop() with the last state that can be read. */
#define ENTER(x) has[x] = saved; seen[x] = restops; at[x] = IN_STOP; ALONE

/* start() did not come back meanwhile. */
#ifdef NO_RESTOP_COUNTS
#define COUNTS(x) good[x]
#else
#define COUNTS(x) (good[x] && seen[x] == restops)
#endif

#ifdef UNRECORDED_PREPARED
#define MAY_UNRECORDED true
#else
#define MAY_UNRECORDED (phase > PREPARED)
#endif

/* One attempt to stop: of a call (x is R1), or of a stopper. */
proctype Attempt(byte x)
{
	do
	:: atomic { orphan[x] -> finish(x, DOWN) }
	:: atomic { x == R1 && at[x] == IDLE && stop_queued ->
		stop_queued = 0;
		if
		:: lock == NOBODY -> lock = x; at[x] = LOCKED
		:: lock != NOBODY && WRITABLE -> wanted = 1; at[x] = AWAITS
		/* The wish cannot be noted: it waits all the same. */
		:: lock != NOBODY && !WRITABLE ->
#ifdef NO_UNRECORDED_LOCK
			ENTER(x)
#else
			at[x] = AWAITS
#endif
		fi }
	:: atomic { at[x] == AWAITS ->
		if
		:: lock == NOBODY -> lock = x; at[x] = LOCKED
		:: lock != NOBODY -> asked = asked || wanted; finish(x, IDLE)
		fi }
	:: atomic { x != R1 && at[x] == IDLE ->
		if
		:: lock == NOBODY -> lock = x; at[x] = LOCKED
		:: else -> finish(x, DOWN)
		fi }
	:: atomic { at[x] == LOCKED ->
		if
		:: OVER ->
			if
			:: x == R1 -> tell()
			:: else
			fi;
			finish(x, REST(x))
		/* The reaper alone repeats it. */
		:: x == R1 && phase == STOPPING && WRITABLE -> finish(x, IDLE)
		:: x != R1 && phase == STOPPING && WRITABLE ->
			MOVE(RETRY);
			ENTER(x)
		:: phase < STOPPING && WRITABLE -> wanted = 1; MOVE(STOP); ENTER(x)
#ifdef NO_UNRECORDED
		:: !OVER && !WRITABLE -> finish(x, REST(x))
#else
		:: !OVER && !WRITABLE && MAY_UNRECORDED -> ENTER(x)
		/* Nothing is to be undone, and a start may be under way: 503. */
		:: !OVER && !WRITABLE && !MAY_UNRECORDED ->
#ifdef TOLD_PREPARED
			if
			:: x == R1 -> tell()
			:: else
			fi;
#endif
			finish(x, REST(x))
#endif
		fi }
	:: atomic { at[x] == IN_STOP ->
		if
		:: good[x] = 1;
			if
			:: has[x] -> effect = 0
			:: else
			fi
		:: fails > 0 -> fails--
		fi;
		at[x] = RAN }
	:: atomic { at[x] == RAN ->
		if
		:: WRITABLE && COUNTS(x) ->
			/* Could not be committed before it ran. */
			if
			:: phase < STOPPING -> MOVE(STOP)
			:: else
			fi;
			wanted = 1;
			MOVE(STOPPED);
			if
			:: x == R1 -> tell()
			:: else
			fi
		:: !WRITABLE && COUNTS(x) ->
#ifdef NO_LATER
			unrecorded = 1;
#endif
			if
			:: x == R1 -> tell()
			:: x != R1 && !orphan[x] -> memory = 1; remembered = restops
			:: else
			fi
		:: else
		fi;
		finish(x, REST(x)) }
	od
}

/*
 * Reapers
 */

#define RUNQ(q) (reaper[q] != DOWN && !stuck[q])
#define OWN(q) (at[S0] != DOWN && parent[S0] == q || at[S1] != DOWN && parent[S1] == q)
#define FRIEND(q, r) (q != r && reaper[r] >= WAITING && generation[r] == generation[q])

#ifdef NO_TWIN
#define TWIN(q) true
#else
#define TWIN(q) (FRIEND(q, 0) || FRIEND(q, 1) || FRIEND(q, 2) || FRIEND(q, 3))
#endif

/* Whom others can find, to look at its beat. */
#ifdef SLOT_AFTER_LOCK
#define KNOWN(q) (reaper[q] == ACTIVE)
#else
#define KNOWN(q) (reaper[q] >= WAITING)
#endif

/* A stop that has run and cannot be recorded does not run again before it can. */
#ifdef NO_UNRECORDED
#define DUE (!OVER && lock == NOBODY && WRITABLE)
#elif defined(NO_LATER)
#define DUE (!OVER && lock == NOBODY && !unrecorded)
#else
#define DUE (!OVER && lock == NOBODY && !(memory && remembered == restops && !WRITABLE) && (WRITABLE || phase > PREPARED))
#endif

#ifdef NO_GENERATIONS
#define OLDER(q, r) (q != r && reaper[r] >= WAITING && generation[r] <= generation[q])
#else
#define OLDER(q, r) (reaper[r] >= WAITING && generation[r] < generation[q])
#endif
#ifdef NO_STANDBY_ASKED
#define TO_ASK(q, r) (OLDER(q, r) && !leaving[r] && TWIN(q) && reaper_lock == r)
#else
#define TO_ASK(q, r) (OLDER(q, r) && !leaving[r] && TWIN(q))
#endif

#ifdef NO_WATCH_UP
#define TO_KILL(q, r) (q != r && KNOWN(r) && stuck[r] && generation[r] <= generation[q])
#else
#define TO_KILL(q, r) (q != r && KNOWN(r) && stuck[r])
#endif

#define FORK(s, q) at[s] = IDLE; parent[s] = q; orphan[s] = 0

proctype Reaper(byte q)
{
	do
	:: atomic { RUNQ(q) && reaper[q] == FORKED -> reaper[q] = WAITING }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && reaper_lock == NOBODY && !leaving[q] ->
		reaper_lock = q;
#ifdef SLOT_AFTER_LOCK
		reaper[q] = HOLDING
#else
		reaper[q] = ACTIVE
#endif
		}
	:: atomic { RUNQ(q) && reaper[q] == HOLDING -> reaper[q] = ACTIVE }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && leaving[q] -> end_reaper(q) }
#ifndef NO_TAKEOVER
	/* Of a new pair each one that waits asks the older ones to leave. */
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_ASK(q, 0) -> leaving[0] = 1 }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_ASK(q, 1) -> leaving[1] = 1 }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_ASK(q, 2) -> leaving[2] = 1 }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_ASK(q, 3) -> leaving[3] = 1 }
	/* An old one whose time to leave is over. */
	:: atomic { RUNQ(q) && reaper[q] == WAITING && reaper_lock < NOBODY &&
	    generation[reaper_lock] < generation[q] && leaving[reaper_lock] && TWIN(q) ->
		end_reaper(reaper_lock) }
#endif
#ifndef NO_STANDBY_WATCH
	/* The beat stands still. */
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_KILL(q, 0) -> end_reaper(0) }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_KILL(q, 1) -> end_reaper(1) }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_KILL(q, 2) -> end_reaper(2) }
	:: atomic { RUNQ(q) && reaper[q] == WAITING && TO_KILL(q, 3) -> end_reaper(3) }
#endif
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && leaving[q] && !OWN(q) -> end_reaper(q) }
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && !leaving[q] && !OWN(q) && DUE &&
	    (at[S0] == DOWN || at[S1] == DOWN) ->
		if
		:: at[S0] == DOWN -> FORK(S0, q)
		:: else -> FORK(S1, q)
		fi }
	/* The guard leaves when nothing is left. */
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && !serving && OVER && !OWN(q) -> end_reaper(q) }
	od
}

/*
 * The supervisor
 */

#ifdef NO_STANDBY
#define PAIR 1
#else
#define PAIR 2
#endif
#define MINE(q) (reaper[q] != DOWN && generation[q] == now -> 1 : 0)
#define MINE_ALL (MINE(0) + MINE(1) + MINE(2) + MINE(3))

#ifdef NO_REFILL
#define FEW (MINE_ALL == 0 || (MINE_ALL < PAIR && !paired))
#else
#define FEW (MINE_ALL < PAIR)
#endif

/* It looks at the beat of each of its own. */
#ifdef NO_STANDBY_BEAT
#define OWN_HANGS(q) (stuck[q] && generation[q] == now && reaper_lock == q)
#else
#define OWN_HANGS(q) (stuck[q] && generation[q] == now)
#endif

#ifdef RESPONDERS_FIRST
#define GUARDED true
#else
#define GUARDED (MINE_ALL == PAIR)
#endif

#define LOOKS (serving && !frozen)
#define BEGINS(q) (reaper[q] == FORKED && !stuck[q] && generation[q] == now)
#ifdef PAUSE_NONE
#define FORKS (FEW && MINE_ALL > 0)
#elif defined(PAUSE_ONE)
#define FORKS (FEW && MINE_ALL == 0)
#else
#define FORKS FEW
#endif

/* All is done that is to be done without a pause. */
#define MOMENT (LOOKS && !FORKS && !OWN_HANGS(0) && !OWN_HANGS(1) && !OWN_HANGS(2) && !OWN_HANGS(3) && \
    !BEGINS(0) && !BEGINS(1) && !BEGINS(2) && !BEGINS(3))

inline fork_reaper(q)
{
	reaper[q] = FORKED;
	generation[q] = now
}

#define FAULT faults > 0 && blows < AT_ONCE
#define STRIKE faults--; blows++

init
{
	atomic {
		run Start();
		run Attempt(R1);
		run Attempt(S0);
		run Attempt(S1);
		run Reaper(0);
		run Reaper(1);
		run Reaper(2);
		run Reaper(3)
	};
	do
	/* The agent: no start after a stop. */
	:: atomic { !started && stopped == 0 -> started = 1; start_queued = 1 }
	:: atomic { stopped < STOPS && !stop_queued -> stopped++; stop_queued = 1 }

	/* The supervisor. */
	:: atomic { LOOKS && FEW ->
		if
		:: reaper[0] == DOWN -> fork_reaper(0)
		:: reaper[0] != DOWN && reaper[1] == DOWN -> fork_reaper(1)
		:: reaper[0] != DOWN && reaper[1] != DOWN && reaper[2] == DOWN -> fork_reaper(2)
		:: reaper[0] != DOWN && reaper[1] != DOWN && reaper[2] != DOWN &&
		    reaper[3] == DOWN -> fork_reaper(3)
		fi;
		paired = paired || MINE_ALL == PAIR }
	:: atomic { LOOKS && OWN_HANGS(0) -> end_reaper(0) }
	:: atomic { LOOKS && OWN_HANGS(1) -> end_reaper(1) }
	:: atomic { LOOKS && OWN_HANGS(2) -> end_reaper(2) }
	:: atomic { LOOKS && OWN_HANGS(3) -> end_reaper(3) }
	:: atomic { LOOKS && GUARDED && at[R0] == DOWN -> at[R0] = IDLE }
	:: atomic { LOOKS && GUARDED && at[R1] == DOWN -> at[R1] = IDLE }
	:: atomic { LOOKS && hups > 0 && MINE_ALL > 0 -> hups--; now = 1 }
	:: atomic { !serving && serves > 0 -> serves--; serving = 1; now = 1 }

	/* Chaos */
	:: atomic { FAULT && at[R0] > IDLE -> STRIKE; finish(R0, DOWN) }
	:: atomic { FAULT && at[R1] > IDLE -> STRIKE; finish(R1, DOWN) }
	:: atomic { FAULT && at[S0] != DOWN -> STRIKE; finish(S0, DOWN) }
	:: atomic { FAULT && at[S1] != DOWN -> STRIKE; finish(S1, DOWN) }
	:: atomic { FAULT && reaper[0] != DOWN -> STRIKE; end_reaper(0) }
	:: atomic { FAULT && reaper[1] != DOWN -> STRIKE; end_reaper(1) }
	:: atomic { FAULT && reaper[2] != DOWN -> STRIKE; end_reaper(2) }
	:: atomic { FAULT && reaper[3] != DOWN -> STRIKE; end_reaper(3) }
	:: atomic { FAULT && serving -> STRIKE; end_supervisor() }
	:: atomic { FAULT && RUNQ(0) -> STRIKE; stuck[0] = 1 }
	:: atomic { FAULT && RUNQ(1) -> STRIKE; stuck[1] = 1 }
	:: atomic { FAULT && RUNQ(2) -> STRIKE; stuck[2] = 1 }
	:: atomic { FAULT && RUNQ(3) -> STRIKE; stuck[3] = 1 }
	:: atomic { FAULT && LOOKS -> STRIKE; frozen = 1 }
	:: atomic { faults > 0 && blows > 0 && MOMENT -> blows = 0 }
	:: atomic { blocks > 0 && !blocked -> blocks--; blocked = 1 }
	:: atomic { blocked && !forever -> blocked = 0 }
	:: atomic { blocked && !forever -> forever = 1 }

	/* Enough. */
	:: atomic { faults + hups + serves + blocks + loses > 0 ->
		faults = 0; blows = 0; hups = 0; serves = 0; blocks = 0; loses = 0 }
	:: timeout -> break
	od;
	/* Nothing can happen any more: nothing is left. */
	assert(effect == 0);
	assert(OVER || forever || !paired);
	assert(lock == NOBODY && !IN_START && STOPS_RUN == 0);
	/* Old ones have left; one that hangs from its first step on holds nothing. */
	assert(!LOOKS || reaper[0] <= FORKED || generation[0] == now);
	assert(!LOOKS || reaper[1] <= FORKED || generation[1] == now);
	assert(!LOOKS || reaper[2] <= FORKED || generation[2] == now);
	assert(!LOOKS || reaper[3] <= FORKED || generation[3] == now)
}
