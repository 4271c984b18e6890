/*
 * worker.pml: an execution with a worker: keeper, body and programs, and who begins and ends them.
 *
 * R0 takes start, R1 takes stop, S is a stopper. Reapers and supervisor are one bit here (guard.pml
 * has them): as long as the server is there it forks whoever is missing. Chaos: SIGKILL between any
 * two steps, a keeper that is stopped, a body that is stopped within a commit, so that nobody else can
 * commit, a stop() that fails, a store that cannot be written, a server that is gone for good or comes
 * back. A step (atomic) holds at most one commit, one effect or one signal. A lock that a dead process
 * held alone is free at once; who dies with its parent may do so later, and so does the end of a pipe.
 *
 * Times are left out: whatever a deadline may bring about may happen at any moment; any moment the
 * reaper may find the execution due.
 *
 * The phase changes by MOVE, whose table is the program's (moves.pml).
 * Each flag takes one rule away; rules.txt lists them.
 */
#include "moves.pml"

#ifndef KILLS
#define KILLS 0
#endif
#ifndef FREEZES
#define FREEZES 0
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef BLOCKS
#define BLOCKS 0
#endif
#ifndef GONES
#define GONES 0			/* all of the server killed at once */
#endif
#ifndef SERVES
#define SERVES 0
#endif

#define R0 0
#define R1 1
#define S 2
#define HELPERS 3		/* what a dead start() has left has the lock */
#define NOBODY 9

/* What R0, R1 and S are at. */
#define DOWN 0
#define IDLE 1
#define LOCKED 2
#define BEGUN 3			/* in start() */
#define SAVED 4			/* ... the undo record is saved */
#define WAITS 5			/* ... for a program */
#define RETURNED 6
#define SPAWNED 7		/* there is a keeper, which waits for the gate */
#define COMMITTED 8
#define ENDS 9			/* `stopping` is committed: the worker is ended */
#define FREE 10			/* nothing of it is left */
#define IN_STOP 11
#define RAN 12

/* The keeper, ... */
#define FORKED 1		/* has not got its byte yet */
#define READY 2
#define LOOKED 3		/* its row is there */
#define WATCHES 4

/* The row. */
byte phase = PREPARED;
bit saved = 0;			/* the undo record is in its state */
bit wanted = 0;
bit row = 0;			/* of `workers` */

bit blocked = 0;		/* nobody can commit */
bit forever = 0;
bit server = 1;

/* The world. */
bit effect = 0;
bit undone = 0;			/* stop() has succeeded */
bit told = 0;			/* ... and the agent knows */
bit refused = 0;		/* the agent was told that its start failed */
bit begun = 0;			/* a body was there */
bit start_queued = 0;
bit stop_queued = 0;
bit started = 0;
bit stopped = 0;

byte at[3];
bit has[3];			/* an attempt has the undo record */
bit good[3];
byte lock = NOBODY;
bit gate = 0;			/* R0 has it open */
byte helper = 0;		/* a program of start(): 1 itself, 2 what it has left */

byte keeper = DOWN;
bit keeper_told = 0;		/* SIGTERM */
bit keeper_frozen = 0;
bit keeper_killed = 0;		/* by chaos */
byte body = DOWN;		/* 1 works, 2 has saved */
bit body_told = 0;
bit body_frozen = 0;		/* in a commit */
bit stubborn = 0;		/* nothing of it ends by itself */
byte programs = 0;
byte spawns = 2;

byte kills = KILLS, freezes = FREEZES, fails = FAILS, blocks = BLOCKS, gones = GONES,
    serves = SERVES;

#define MOVE(name) assert(MAY_##name); phase = TO_##name
#define WRITABLE (!blocked && !(body_frozen && body != DOWN))
#define OVER (phase == STOPPED)

/* Who has the worker's byte. */
#ifdef NO_BYTE_FIRST
#define KEEPER_HAS (keeper >= LOOKED)
#else
#define KEEPER_HAS (keeper >= READY)
#endif
#ifdef NO_INHERIT
#define BYTE KEEPER_HAS
#elif defined(NO_INHERIT_PROGRAMS)
#define BYTE (KEEPER_HAS || body != DOWN)
#else
#define BYTE (KEEPER_HAS || body != DOWN || programs > 0)
#endif

#define STARTS (at[R0] == BEGUN || at[R0] == SAVED || at[R0] == WAITS)
#define STOPS (at[R1] == IN_STOP || at[S] == IN_STOP)
/* Nothing can change anything any more. */
#define QUIET (body == DOWN && programs == 0 && helper == 0 && !STARTS && keeper != LOOKED)

inline change()
{
	assert(!undone && !told && phase != STOPPED && phase != PREPARED);
	effect = 1
}

inline tell()
{
	assert(effect == 0 && QUIET);
	told = 1
}

inline unlock(x)
{
	if
	:: lock == x -> lock = NOBODY
	:: else
	fi
}

inline finish(x, to)
{
#ifndef NO_HELPER_LOCK
	/* Who ends by itself lets the lock go for all; who dies does not. */
	if
	:: x == R0 && to == DOWN && helper > 0 && lock == R0 -> lock = HELPERS
	:: else -> unlock(x)
	fi;
#else
	unlock(x);
#endif
	has[x] = 0;
	good[x] = 0;
	at[x] = to
}

inline end_keeper()
{
	keeper = DOWN;
	keeper_told = 0;
	keeper_frozen = 0
}

inline end_body()
{
	body = DOWN;
	body_told = 0;
	body_frozen = 0
}

inline end_helper(left)
{
	helper = left;
	if
	:: helper == 0 -> unlock(HELPERS)
	:: else
	fi
}

proctype Start()
{
	do
	:: atomic { at[R0] == IDLE && start_queued ->
		start_queued = 0;
		if
		:: lock == NOBODY -> lock = R0; at[R0] = LOCKED
		:: else
		fi }
	:: atomic { at[R0] == LOCKED ->
		if
		:: WRITABLE && MAY_START && !wanted -> MOVE(START); at[R0] = BEGUN
		:: else -> finish(R0, IDLE)
		fi }
	:: atomic { at[R0] == BEGUN ->
		if
		:: WRITABLE -> saved = 1; at[R0] = SAVED
		:: at[R0] = RETURNED
		fi }
	:: atomic { at[R0] == SAVED ->
		if
		:: change(); at[R0] = RETURNED
		:: helper = 1; at[R0] = WAITS
		fi }
	:: atomic { helper > 0 && !effect -> change() }
	/* What a program leaves in its group ends with it. */
	:: atomic { at[R0] == WAITS && helper == 1 ->
#ifdef NO_GROUP_END
		helper = 2;
#else
		helper = 0;
#endif
		at[R0] = RETURNED }
	/* It dies with its handler; what it has forked need not. */
	:: atomic { at[R0] != WAITS && helper == 1 ->
		if
		:: end_helper(0)
		:: end_helper(2)
		fi }
#ifndef NO_LEFTOVERS
	:: atomic { server && helper == 2 && lock == HELPERS -> end_helper(0) }
#endif
	:: atomic { at[R0] == RETURNED && keeper == DOWN ->
		keeper = FORKED; gate = 1; at[R0] = SPAWNED }
	:: atomic { at[R0] == SPAWNED ->
		if
		:: keeper >= READY && WRITABLE -> MOVE(STARTED); row = 1; at[R0] = COMMITTED
		/* Dead, or not ready in time. */
		:: keeper < READY && WRITABLE -> MOVE(STARTED); refused = 1; gate = 0; finish(R0, IDLE)
		:: !WRITABLE -> gate = 0; finish(R0, IDLE)
		fi }
	:: atomic { at[R0] == COMMITTED -> gate = 0; finish(R0, IDLE) }
	:: atomic { at[R0] == DOWN && gate -> gate = 0 }
	od
}

proctype Worker()
{
	do
	:: atomic { keeper == FORKED && !keeper_frozen -> keeper = READY }
	/* The gate: it ends with the commit, or with R0. */
#ifdef NO_GATE
	:: atomic { keeper == READY && !keeper_frozen ->
#else
	:: atomic { keeper == READY && !keeper_frozen && (!gate || keeper_told) ->
#endif
		if
#if defined(NO_ROW_LOOK) || defined(NO_GATE)
		:: !keeper_told -> keeper = LOOKED
		:: keeper_told -> end_keeper()
#else
		:: row && !keeper_told -> keeper = LOOKED
		:: !row || keeper_told -> end_keeper()
#endif
		fi }
	:: atomic { keeper == LOOKED && !keeper_frozen ->
		assert(!begun && !refused && !undone && !told && !STOPS && phase != STOPPED);
		begun = 1;
		if
		:: stubborn = 1
		:: true
		fi;
		body = 1;
		keeper = WATCHES }
	:: atomic { keeper == WATCHES && !keeper_frozen && keeper_told && body != DOWN ->
		if
		:: !body_told -> body_told = 1
		:: end_body()		/* its time is over */
		fi }
#ifndef NO_DESCENDANTS
	:: atomic { keeper == WATCHES && !keeper_frozen && body == DOWN && programs > 0 ->
		programs-- }
	:: atomic { keeper == WATCHES && !keeper_frozen && body == DOWN && programs == 0 &&
	    (WRITABLE || !server) -> end_keeper() }
#else
	:: atomic { keeper == WATCHES && !keeper_frozen && body == DOWN &&
	    (WRITABLE || !server) -> end_keeper() }
#endif
#ifndef NO_SERVER_WATCH
	:: atomic { keeper == WATCHES && !keeper_frozen && !keeper_told && !server ->
		keeper_told = 1 }
#endif
#ifndef NO_BODY_PDEATH
	:: atomic { body != DOWN && keeper == DOWN -> end_body() }
#endif
	:: atomic { body == 1 && !body_frozen && WRITABLE -> saved = 1; body = 2 }
	:: atomic { body == 2 && !body_frozen && !effect -> change() }
	:: atomic { body == 2 && !body_frozen && spawns > 0 -> spawns--; programs++ }
	:: atomic { body != DOWN && !body_frozen && (!stubborn || body_told) -> end_body() }
	:: atomic { body != DOWN && !body_frozen && freezes > 0 && WRITABLE ->
		freezes--; body_frozen = 1 }
	:: atomic { programs > 0 && !effect -> change() }
	:: atomic { programs > 0 && !stubborn -> programs-- }
	od
}

/* The state that stop() gets. */
#ifdef EARLY_READ
#define READ_BEFORE(x) has[x] = saved
#define READ_AFTER(x) skip
#else
#define READ_BEFORE(x) skip
#define READ_AFTER(x) has[x] = saved
#endif

#ifdef KEEPER_FIRST
#define KEEPER_MAY_BE_KILLED true
#else
#define KEEPER_MAY_BE_KILLED (body == DOWN && programs == 0)
#endif

/* One attempt to stop: of a call (R1), or of the stopper. */
proctype Attempt(byte x)
{
	do
	:: atomic { x == R1 && at[x] == IDLE && stop_queued ->
		stop_queued = 0;
		if
		:: lock == NOBODY -> lock = x; at[x] = LOCKED
		:: lock != NOBODY && WRITABLE -> wanted = 1
		:: lock != NOBODY && !WRITABLE
		fi }
	:: atomic { x == S && at[x] == IDLE ->
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
			finish(x, (x == R1 -> IDLE : DOWN))
		:: x == R1 && phase == STOPPING && WRITABLE -> finish(x, IDLE)
		:: x == S && phase == STOPPING && WRITABLE ->
			MOVE(RETRY); READ_BEFORE(x); at[x] = ENDS
		:: phase < STOPPING && WRITABLE ->
			wanted = 1; MOVE(STOP); READ_BEFORE(x); at[x] = ENDS
		/* Unrecorded. */
		:: !OVER && !WRITABLE && phase > PREPARED -> READ_BEFORE(x); at[x] = ENDS
		:: !OVER && !WRITABLE && phase <= PREPARED ->
			finish(x, (x == R1 -> IDLE : DOWN))
		fi }
	:: atomic { at[x] == ENDS && row && keeper != DOWN && !keeper_told -> keeper_told = 1 }
#ifndef NO_KILL
	:: atomic { at[x] == ENDS && BYTE && keeper >= READY && KEEPER_MAY_BE_KILLED -> end_keeper() }
	:: atomic { at[x] == ENDS && BYTE && body != DOWN -> end_body() }
	:: atomic { at[x] == ENDS && BYTE && programs > 0 -> programs-- }
#endif
	:: atomic { at[x] == ENDS && BYTE && fails > 0 ->
		fails--; finish(x, (x == R1 -> IDLE : DOWN)) }
#ifdef NO_BYTE_WAIT
	:: atomic { at[x] == ENDS && (!row || keeper == DOWN) -> READ_AFTER(x); at[x] = FREE }
#else
	:: atomic { at[x] == ENDS && !BYTE -> READ_AFTER(x); at[x] = FREE }
#endif
	:: atomic { at[x] == FREE -> assert(!STOPS && QUIET); at[x] = IN_STOP }
	:: atomic { at[x] == IN_STOP ->
		assert(QUIET);
		if
		:: good[x] = 1;
			undone = 1;
			if
			:: has[x] -> effect = 0
			:: else
			fi
		:: fails > 0 -> fails--
		fi;
		at[x] = RAN }
	:: atomic { at[x] == RAN ->
		if
		:: WRITABLE && good[x] ->
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
		:: !WRITABLE && good[x] && x == R1 -> tell()
		:: else
		fi;
		finish(x, (x == R1 -> IDLE : DOWN)) }
	od
}

/* A stop that cannot be recorded is not made again and again. */
#define DUE (!OVER && lock == NOBODY && (WRITABLE || (phase > PREPARED && !undone)))

init
{
	atomic {
		at[R0] = IDLE;
		at[R1] = IDLE;
		run Start();
		run Worker();
		run Attempt(R1);
		run Attempt(S)
	};
	do
	/* The agent: no start after a stop. */
	:: atomic { !started && !stopped -> started = 1; start_queued = 1 }
	:: atomic { started && !stopped && !stop_queued -> stopped = 1; stop_queued = 1 }

	/* The server. */
	:: atomic { server && at[R0] == DOWN && !gate -> at[R0] = IDLE }
	:: atomic { server && at[R1] == DOWN -> at[R1] = IDLE }
	:: atomic { server && at[S] == DOWN && DUE -> at[S] = IDLE }

	/* Chaos. */
	:: atomic { kills > 0 && at[R0] > IDLE -> kills--; finish(R0, DOWN) }
	:: atomic { kills > 0 && at[R1] > IDLE -> kills--; finish(R1, DOWN) }
	:: atomic { kills > 0 && at[S] != DOWN -> kills--; finish(S, DOWN) }
	:: atomic { kills > 0 && keeper != DOWN -> kills--; keeper_killed = 1; end_keeper() }
	:: atomic { kills > 0 && body != DOWN -> kills--; end_body() }
	:: atomic { kills > 0 && programs > 0 -> kills--; programs-- }
	:: atomic { freezes > 0 && keeper != DOWN && !keeper_frozen ->
		freezes--; keeper_frozen = 1 }
	:: atomic { gones > 0 && server ->
		gones--;
		server = 0;
		finish(R0, DOWN);
		finish(R1, DOWN);
		finish(S, DOWN) }
	:: atomic { serves > 0 && !server -> serves--; server = 1 }
	:: atomic { blocks > 0 && !blocked -> blocks--; blocked = 1 }
	:: atomic { blocked && !forever -> blocked = 0 }
	:: atomic { blocked && !forever -> forever = 1 }

	/* Enough. */
	:: atomic { kills + freezes + blocks + gones > 0 ->
		kills = 0; freezes = 0; blocks = 0; gones = 0 }
	:: timeout -> break
	od;
	/* Nothing can happen any more. */
	if
	:: server ->
		assert(effect == 0 && QUIET);
		assert(OVER || forever);
		assert(lock == NOBODY);
		/* One that is stopped before it has its byte holds nothing. */
		assert(keeper == DOWN || (keeper_frozen && !begun))
	/* Nobody is left who would stop it: the keeper has ended what it looks after. */
	:: else ->
		assert(body == DOWN || keeper_frozen);
		assert(programs == 0 || keeper_killed || keeper_frozen)
	fi
}
