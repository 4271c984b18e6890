/*
 * lifecycle.pml: one execution of an action with stop(), and everybody who may touch it.
 *
 * Two responders, an old and a new reaper with a stopper each, a supervisor, an agent whose
 * calls may come twice, and chaos: SIGKILL between any two steps, hangs without end, stop()
 * that fails, SIGTERM, a server that is started again. A step (atomic) holds at most one
 * commit or one effect. Times are left out: whatever a deadline may bring about may happen
 * at any moment.
 *
 * The phase changes by MOVE alone, whose table (moves.pml) a unit test compares with the
 * program's. A call without stop() to run (MOVE_END) and the retention of history are not
 * modelled: they leave nothing to undo. Nor is an operator who gives a stop up
 * (MOVE_ABANDON): that is to leave an effect behind, on purpose.
 *
 * Each flag takes one rule away; rules.txt lists them, and which of them must make it fail.
 */
#include "moves.pml"

#ifndef KILLS
#define KILLS 1
#endif
#ifndef HANGS
#define HANGS 1
#endif
#ifndef FAILS
#define FAILS 1
#endif
#ifndef TERMS
#define TERMS 1
#endif
#ifndef SERVES
#define SERVES 1
#endif
#ifndef CALLS
#define CALLS 1			/* of each kind that the agent makes */
#endif

/* Who runs handlers: responders, and the stoppers of the reapers. */
#define R0 0
#define R1 1
#define S0 2
#define S1 3
#define WORKERS 4
#define NOBODY 9

#define STOPPER(q) ((q) + S0)
#define RUN(p) (up[p] && !hung[p])
#define RUNQ(q) (reaper[q] != DOWN && !stuck[q])
#define OTHER(q) (1 - (q))
#define QUEUED (queued[PREPARE] + queued[START] + queued[STATUS] + queued[STOP])
#define OVER (phase == NONE || phase == STOPPED)

/* Calls, and which handler is running. */
#define NOTHING 0
#define PREPARE 1
#define START 2
#define STATUS 3
#define STOP 4

/* A reaper. */
#define DOWN 0
#define WAITING 1
#define ACTIVE 2

/* The supervisor's way out. */
#define SERVING 0
#define SWEEPING 1
#define DISMISSING 2
#define SWEEPING_AGAIN 3

/* The row. */
byte phase = NONE;
bit saved = 0;			/* the undo record is in its state */
bit wanted = 0;			/* somebody wants it stopped */

/* The world. */
bit effect = 0;
bit asked = 0;			/* the agent's wish to stop is noted, and it was told so */
bit told = 0;			/* the agent was told that it is stopped */
bit prepared_ok = 0;
bit undone = 0;			/* stop() succeeded */
bit killed = 0;
bit begun = 0;			/* start() ran */
byte sent[5];			/* calls that the agent has made */
byte queued[5];			/* of these, not taken yet */

/* Processes. */
bit up[WORKERS];
bit home[WORKERS];		/* its process has seen its end, and may be forked again */
bit hung[WORKERS];
byte runs[WORKERS];		/* the handler that it is in */
byte call[2];			/* the request that a responder is at */
byte lock = NOBODY;		/* of the execution */
byte reaper[2];
bit stuck[2];
bit leaving[2];			/* asked to leave */
byte reaper_lock = NOBODY;
bit serving = 1;		/* a supervisor runs */
byte mine = NOBODY;		/* its reaper */
byte stage = SERVING;
bit draining = 0;
bit marked = 0;			/* a stop-all has marked the row */
bit sealed = 0;			/* it has: nothing may begin any more */
byte kills = KILLS, hangs = HANGS, fails = FAILS, terms = TERMS, serves = SERVES;
bit calm = 0;

#define MOVE(name) assert(MAY_##name); phase = TO_##name

#define HANDLERS ((runs[R0] != NOTHING -> 1 : 0) + (runs[R1] != NOTHING -> 1 : 0) + \
    (runs[S0] != NOTHING -> 1 : 0) + (runs[S1] != NOTHING -> 1 : 0))

/* Never two of prepare(), start() and stop() at a time. */
inline enter(p, handler)
{
	runs[p] = handler;
	assert(HANDLERS == 1)
}

inline leave(p)
{
	runs[p] = NOTHING
}

inline unlock(p)
{
	if
	:: lock == p -> lock = NOBODY
	:: else
	fi
}

/*
 * Ends
 */

/* up last: it ends the process itself, where that is the one that runs this. */
inline end_worker(p)
{
	hung[p] = 0;
	runs[p] = NOTHING;
	unlock(p);
	up[p] = 0
}

inline fork(p)
{
	home[p] = 0;
	up[p] = 1
}

/* nginx may try the request of a responder that died once more. */
inline end_responder(r)
{
	if
	:: up[r] && call[r] != NOTHING ->
		if
		:: queued[call[r]]++
		:: true
		fi
	:: else
	fi;
	call[r] = NOTHING;
	end_worker(r)
}

inline end_reaper(q)
{
	reaper[q] = DOWN;
	stuck[q] = 0;
	leaving[q] = 0;
#ifndef NO_STOPPER_PDEATH
	if
	:: up[STOPPER(q)] -> end_worker(STOPPER(q))
	:: else
	fi;
#endif
	if
	:: reaper_lock == q -> reaper_lock = NOBODY
	:: else
	fi;
	if
	:: mine == q -> mine = NOBODY
	:: else
	fi
}

inline end_supervisor()
{
	serving = 0;
	mine = NOBODY;
#ifndef NO_RESPONDER_PDEATH
	end_responder(R0);
	end_responder(R1);
#endif
#ifdef NO_GUARD
	if
	:: reaper[0] != DOWN -> end_reaper(0)
	:: else
	fi;
	if
	:: reaper[1] != DOWN -> end_reaper(1)
	:: else
	fi;
#endif
	stage = SERVING
}

inline serve()
{
	serving = 1;
	stage = SERVING;
	draining = 0;
	sealed = 0;
	marked = 0;
	mine = NOBODY
}

/*
 * Stopping: with the lock, and after `stopping` is committed. good: stop() succeeded; has:
 * it was given the undo record.
 */
inline attempt(p, has, good)
{
#ifdef STOPPED_EARLY
	atomic { RUN(p) -> MOVE(STOPPED) };
#endif
	atomic { RUN(p) ->
		if
		:: good = 1;
			/* Without a kill it succeeds once. */
			assert(!undone || killed);
			undone = 1;
			if
			:: has -> effect = 0
			:: else
			fi
		:: fails > 0 -> fails--; good = 0
		fi };
	atomic { RUN(p) ->
		leave(p);
#ifdef STOP_UNCOMMITTED
		if
		:: phase != STOPPING -> MOVE(STOP)
		:: else
		fi;
#endif
#ifndef STOPPED_EARLY
		if
		:: good -> MOVE(STOPPED)
		:: else
		fi;
#endif
		unlock(p);
		has = 0 }
}

/*
 * A responder
 */

#define TAKE(r, what) queued[what] > 0 -> queued[what]--; call[r] = what; late = draining

/* What a request that was taken looks at before it begins. */
#ifdef NO_DRAINING_LOOK
#define MAY_BEGIN (!late && !wanted)
#elif defined(NO_WANTED_LOOK)
#define MAY_BEGIN (!draining)
#else
#define MAY_BEGIN (!draining && !wanted)
#endif

/* The reply, or the deadline of a call that waits; everything is as before it. */
#define ANSWERED(r) unlock(r); call[r] = NOTHING; late = 0; has = 0; good = 0; mysaved = 0; seen = 0

proctype Responder(byte r)
{
	bit late, has, good, mysaved;
	byte seen;

again:
	do
	:: atomic { !up[r] && !home[r] -> late = 0; has = 0; good = 0; mysaved = 0; seen = 0; home[r] = 1 }
	:: atomic { RUN(r) -> break }
	od;
	{
	do
	:: atomic { RUN(r) && (r == R0 || call[R0] != NOTHING || !RUN(R0)) && stage != DISMISSING && QUEUED > 0 ->
		if
		:: TAKE(r, PREPARE); goto prepare
		:: TAKE(r, START); goto start
		:: TAKE(r, STATUS); goto status
		:: TAKE(r, STOP); goto stop
		fi }

prepare:
#ifndef NO_PREPARE_LOCK
		if
		:: atomic { RUN(r) && lock == NOBODY -> lock = r }
		:: atomic { RUN(r) && lock != NOBODY -> ANSWERED(r); goto next }
		fi;
#endif
		atomic { RUN(r) ->
			if
			:: MAY_PREPARE && MAY_BEGIN -> enter(r, PREPARE)
			:: else -> ANSWERED(r); goto next
			fi };
		atomic { RUN(r) ->
			leave(r);
			if
#ifdef PREPARE_BLIND
			:: phase = PREPARED; saved = 0; wanted = 0
#else
			:: MAY_PREPARE && MAY_BEGIN -> MOVE(PREPARE); saved = 0; assert(!sealed)
			:: !(MAY_PREPARE && MAY_BEGIN) -> ANSWERED(r); goto next
#endif
			/* It failed: what an earlier one left is gone, and the wish with it. */
			:: fails > 0 -> fails--;
				if
				:: phase == PREPARED -> phase = NONE; saved = 0; wanted = 0; asked = 0
				:: else
				fi;
				ANSWERED(r);
				goto next
			fi };
		atomic { RUN(r) -> prepared_ok = 1; ANSWERED(r) };
		goto next;

start:
#ifndef NO_START_LOCK
		if
		:: atomic { RUN(r) && phase >= RUNNING -> ANSWERED(r); goto next }
		:: atomic { RUN(r) && lock == NOBODY -> lock = r }
		:: atomic { RUN(r) && lock != NOBODY -> ANSWERED(r); goto next }
		fi;
#endif
#ifdef START_UNCOMMITTED
		atomic { RUN(r) ->
			if
			:: MAY_START && MAY_BEGIN -> enter(r, START); effect = 1
			:: else -> ANSWERED(r); goto next
			fi };
		atomic { RUN(r) -> MOVE(START) };
		atomic { RUN(r) -> saved = 1 };
#else
		/* One transaction looks and commits; the gate orders it and a stop-all's mark. */
		atomic { RUN(r) ->
			if
			:: MAY_START && MAY_BEGIN ->
				MOVE(START);
				assert(!asked && !sealed && !begun);
				begun = 1;
				enter(r, START)
			:: phase == STARTING -> wanted = 1; ANSWERED(r); goto next
			:: else -> ANSWERED(r); goto next
			fi };
#ifndef SAVED_LATE
		atomic { RUN(r) -> saved = 1 };
#endif
		atomic { RUN(r) ->
			effect = 1;
			assert(phase == STARTING && !told) };
#ifdef SAVED_LATE
		atomic { RUN(r) -> saved = 1 };
#endif
#endif
		atomic { RUN(r) -> leave(r); MOVE(STARTED) };
		atomic { RUN(r) -> ANSWERED(r) };
		goto next;

status:
		/* No lock: it may run beside everything. */
		atomic { RUN(r) -> seen = phase; mysaved = saved;
			assert(phase != RUNNING || effect || wanted);
#ifdef TOLD_EARLY
			if
			:: phase >= STOPPING -> goto stopped
			:: else
			fi
#else
			if
			:: phase == STOPPED -> goto stopped
			:: else
			fi
#endif
			};
		atomic { RUN(r) ->
#ifdef STATUS_KEEPS_ALL
			saved = mysaved;
#else
			if
			:: seen == RUNNING && phase == RUNNING -> saved = mysaved
			:: else
			fi;
#endif
			ANSWERED(r) };
		goto next;

stop:
#ifndef NO_STOP_LOCK
		if
		:: atomic { RUN(r) && lock == NOBODY -> lock = r }
		:: atomic { RUN(r) && lock != NOBODY ->
#ifndef NO_WISH
			if
			:: phase != NONE -> wanted = 1
			:: else
			fi;
#endif
			has = (phase != NONE) };
			if
			:: atomic { RUN(r) && lock == NOBODY -> lock = r; has = 0 }
			:: atomic { RUN(r) && lock != NOBODY ->
				if
				:: has && phase != NONE -> asked = 1
				:: else
				fi;
				ANSWERED(r);
				goto next }
			fi
		fi;
#endif
		atomic { RUN(r) ->
			if
			:: phase == STOPPED -> goto stopped
#ifdef CALL_RETRIES
			:: phase == STOPPING -> MOVE(RETRY);
				has = saved;
				enter(r, STOP)
#else
			:: phase == STOPPING -> unlock(r); goto await
#endif
			:: else ->
#ifndef STOP_UNCOMMITTED
				wanted = 1;
				MOVE(STOP);
#endif
				has = saved;
				enter(r, STOP)
			fi };
		attempt(r, has, good);
		if
		:: atomic { RUN(r) && good -> goto stopped }
		:: atomic { RUN(r) && !good -> ANSWERED(r); goto next }
		fi;

await:		/* The reaper alone repeats a stop that failed. */
		if
		:: atomic { RUN(r) && phase == STOPPED -> goto stopped }
		:: atomic { RUN(r) && phase != STOPPED -> ANSWERED(r); goto next }
		fi;

stopped:
		atomic { RUN(r) -> assert(effect == 0); told = 1; ANSWERED(r) };

next:		skip
	od
	} unless { !up[r] };
	goto again
}

/*
 * A reaper and its stopper
 */

proctype Stopper(byte q)
{
	bit has, good;
	byte s;

again:
	do
	:: atomic { !up[STOPPER(q)] && !home[STOPPER(q)] -> s = STOPPER(q); has = 0; good = 0; home[s] = 1 }
	:: atomic { RUN(STOPPER(q)) -> break }
	od;
	{
#ifndef NO_STOPPER_LOCK
	if
	:: atomic { RUN(s) && lock == NOBODY -> lock = s }
	:: atomic { RUN(s) && lock != NOBODY -> end_worker(s); goto again }
	fi;
#endif
	/* It looks again whether it is due. */
	atomic { RUN(s) ->
		if
		:: OVER -> end_worker(s); goto again
		:: phase == STOPPING -> MOVE(RETRY)
		:: else ->
#ifdef STOP_UNCOMMITTED
			skip
#else
			wanted = 1;
			MOVE(STOP)
#endif
		fi;
		has = saved;
		enter(s, STOP) };
	attempt(s, has, good);
	atomic { RUN(s) -> end_worker(s) }
	} unless { !up[STOPPER(q)] };
	goto again
}

/* Without the time it is always due; the holder of the lock is never overtaken. */
#ifdef NO_RETRY
#define DUE (!OVER && phase != STOPPING && lock == NOBODY)
#else
#define DUE (!OVER && lock == NOBODY)
#endif

proctype Reaper(byte q)
{
	do
	:: atomic { RUNQ(q) && reaper[q] == WAITING && reaper_lock == NOBODY ->
		reaper_lock = q; reaper[q] = ACTIVE }
#ifndef NO_TAKEOVER
	:: atomic { RUNQ(q) && reaper[q] == WAITING && reaper_lock == OTHER(q) && !leaving[OTHER(q)] ->
		leaving[OTHER(q)] = 1 }
#ifndef NO_TAKEOVER_KILL
	:: atomic { RUNQ(q) && reaper[q] == WAITING && reaper_lock == OTHER(q) && leaving[OTHER(q)] ->
		killed = 1; end_reaper(OTHER(q)) }
#endif
#endif
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && leaving[q] && !up[STOPPER(q)] -> end_reaper(q) }
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && !leaving[q] && home[STOPPER(q)] && DUE ->
		fork(STOPPER(q)) }
#ifndef NO_STOPPER_DEADLINE
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && hung[STOPPER(q)] ->
		killed = 1; end_worker(STOPPER(q)) }
#endif
	/* SIGTERM: whatever there is is wanted stopped. */
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && mine == q && draining && !marked ->
		if
		:: !OVER -> wanted = 1
		:: else
		fi;
		marked = 1;
		sealed = 1 }
	/* The guard leaves when nothing is left. */
#ifdef GUARD_ONCE
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && !serving && !up[STOPPER(q)] && undone + wanted > 0 -> end_reaper(q) }
#else
	:: atomic { RUNQ(q) && reaper[q] == ACTIVE && !serving && !up[STOPPER(q)] && OVER -> end_reaper(q) }
#endif
	od
}

init
{
	byte q;

	atomic {
		up[R0] = 1;
		up[R1] = 1;
		reaper[0] = ACTIVE;
		reaper_lock = 0;
		mine = 0;
		run Responder(R0);
		run Responder(R1);
		run Stopper(0);
		run Stopper(1);
		run Reaper(0);
		run Reaper(1)
	};
	do
	/* The agent: a wish to start does not follow a wish to stop. */
	:: atomic { !calm && sent[PREPARE] < CALLS && sent[START] + sent[STOP] == 0 ->
		sent[PREPARE]++; queued[PREPARE]++ }
	:: atomic { !calm && sent[START] < CALLS && prepared_ok && sent[STOP] == 0 ->
		sent[START]++; queued[START]++ }
	:: atomic { !calm && sent[STATUS] < 1 && sent[START] > 0 ->
		sent[STATUS]++; queued[STATUS]++ }
	:: atomic { !calm && sent[STOP] < CALLS && sent[PREPARE] > 0 ->
		sent[STOP]++; queued[STOP]++ }

	/* The supervisor: forks, and watches. */
	:: atomic { serving && stage <= SWEEPING && home[R0] -> fork(R0) }
	:: atomic { serving && stage <= SWEEPING && home[R1] -> fork(R1) }
	:: atomic { serving && mine == NOBODY ->
		if
		:: reaper[0] == DOWN && !up[S0] -> mine = 0; reaper[0] = WAITING
		:: else ->
			if
			:: reaper[1] == DOWN && !up[S1] -> mine = 1; reaper[1] = WAITING
			:: else
			fi
		fi }
#ifndef NO_WATCHDOG
	:: atomic { serving && hung[R0] -> killed = 1; end_responder(R0) }
	:: atomic { serving && hung[R1] -> killed = 1; end_responder(R1) }
#endif
#ifndef NO_REAPER_WATCH
	:: atomic { serving && mine != NOBODY && stuck[mine] -> killed = 1; q = mine; end_reaper(q); q = 0 }
#endif

	/* SIGTERM: sweep, let the responders end, sweep again, leave. */
	:: atomic { terms > 0 && serving && stage == SERVING -> terms--;
		draining = 1; marked = 0; stage = SWEEPING }
	:: atomic { serving && stage == SWEEPING && marked && OVER -> stage = DISMISSING }
	:: atomic { serving && stage == SWEEPING && !calm -> stage = DISMISSING }
#ifdef NO_LAST_SWEEP
	:: atomic { serving && stage == DISMISSING && mine != NOBODY ->
		q = mine; end_reaper(q); q = 0; end_supervisor() }
#else
	:: atomic { serving && stage == DISMISSING && up[R0] && call[R0] == NOTHING -> end_worker(R0) }
	:: atomic { serving && stage == DISMISSING && up[R1] && call[R1] == NOTHING -> end_worker(R1) }
	:: atomic { serving && stage == DISMISSING && !up[R0] && !up[R1] ->
		marked = 0; stage = SWEEPING_AGAIN }
	:: atomic { serving && stage == SWEEPING_AGAIN && marked && OVER && mine != NOBODY &&
	    !up[S0] && !up[S1] -> q = mine; end_reaper(q); q = 0; end_supervisor() }
	:: atomic { serving && stage == SWEEPING_AGAIN && !calm -> end_supervisor() }
#endif

	/* Chaos */
	:: atomic { kills > 0 && up[R0] && call[R0] != NOTHING -> kills--; killed = 1; end_responder(R0) }
	:: atomic { kills > 0 && up[R1] && call[R1] != NOTHING -> kills--; killed = 1; end_responder(R1) }
	:: atomic { kills > 0 && up[S0] -> kills--; killed = 1; end_worker(S0) }
	:: atomic { kills > 0 && up[S1] -> kills--; killed = 1; end_worker(S1) }
	:: atomic { kills > 0 && reaper[0] != DOWN -> kills--; killed = 1; end_reaper(0) }
	:: atomic { kills > 0 && reaper[1] != DOWN -> kills--; killed = 1; end_reaper(1) }
	:: atomic { kills > 0 && serving -> kills--; killed = 1; end_supervisor() }
	:: atomic { hangs > 0 && up[R0] && call[R0] != NOTHING -> hangs--; hung[R0] = 1 }
	:: atomic { hangs > 0 && up[R1] && call[R1] != NOTHING -> hangs--; hung[R1] = 1 }
	:: atomic { hangs > 0 && up[S0] -> hangs--; hung[S0] = 1 }
	:: atomic { hangs > 0 && up[S1] -> hangs--; hung[S1] = 1 }
	:: atomic { hangs > 0 && reaper[0] == ACTIVE -> hangs--; stuck[0] = 1 }
	:: atomic { hangs > 0 && reaper[1] == ACTIVE -> hangs--; stuck[1] = 1 }
	:: atomic { serves > 0 && !serving -> serves--; serve() }
	/* With nobody left of what was killed, somebody starts it again: systemd, an operator. */
	:: atomic { !serving && !OVER && (killed || stuck[0] || stuck[1]) &&
	    (reaper[0] == DOWN || stuck[0]) && (reaper[1] == DOWN || stuck[1]) -> serve() }
	:: atomic { !calm -> calm = 1; kills = 0; hangs = 0; terms = 0; serves = 0 }

	:: timeout -> break
	od;
	/* Nothing can happen any more: nothing is left. */
	assert(effect == 0);
	assert(OVER);
	assert(lock == NOBODY && HANDLERS == 0);
	assert(!serving || QUEUED == 0)
}
