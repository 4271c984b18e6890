/*
 * outbox.pml: what a worker tells reaches the agent once, and then how it ended.
 *
 * A worker commits three rows, messages 1 and 2 and metric 3, and then how it ended; or it dies.
 * Two responders take the agent's calls; a reply carries at most one message and one metric, and
 * the number of the last row that the agent has then (the member); the next request brings that
 * back. Calls are given up, replies are lost, responders die. The reaper looks for workers that
 * have died, and may stop the execution. The agent asks until it has a reply to its stop.
 *
 * Each flag takes one rule away; rules.txt lists them.
 */
#ifndef LOSES
#define LOSES 0
#endif

#define NOBODY 9
#define ROWS 3

/* How it ended, as written. */
#define NOT 0
#define COMPLETED 1
#define DIED 2

bit lives = 1;			/* it has its byte */
bit completed = 0;		/* what is true */
byte written = NOT;
byte told = 0;			/* rows that were committed */
bit row[4];			/* ... and are there */
bit stopped = 0;

/* The agent. */
byte member = 0;
byte got[4];
bit finished = 0;
bit stops = 0;			/* it calls stop from now on */
byte waits = NOBODY;		/* which responder has its call */
byte loses = LOSES;

/* What responders are at. */
#define IDLE 0
#define LOOKS 1			/* has read the row of the worker */
#define AGAIN 2			/* ... and found the byte free */
#define READS 3
#define SETTLES 4
#define REPLIES 5
#define STOPS 6

byte at[2];
byte asked[2];			/* the member of the request */
byte last[2];			/* that of the reply */
byte seen[2];			/* how it ended */
bit all[2];			/* nothing is left behind the reply */
bit is_stop[2];
bit has[8];			/* rows of the replies: has[4 * r + i] */

inline forget(r)
{
	at[r] = IDLE;
	asked[r] = 0;
	last[r] = 0;
	seen[r] = NOT;
	all[r] = 0;
	is_stop[r] = 0;
	has[4 * r + 1] = 0;
	has[4 * r + 2] = 0;
	has[4 * r + 3] = 0
}

/* Rows behind the member: in order, up to the first that is one message too many. */
inline read_rows(r)
{
	last[r] = asked[r];
	if
	:: row[1] && asked[r] < 1 -> has[4 * r + 1] = 1; last[r] = 1
	:: else
	fi;
	if
	:: row[2] && asked[r] < 2 && !has[4 * r + 1] -> has[4 * r + 2] = 1; last[r] = 2
	:: else
	fi;
	if
#ifdef NO_ORDER
	:: row[3] && asked[r] < 3 ->
#else
	:: row[3] && asked[r] < 3 && !(row[2] && last[r] < 2) ->
#endif
		has[4 * r + 3] = 1; last[r] = 3
	:: else
	fi;
	all[r] = !(row[1] && last[r] < 1 || row[2] && last[r] < 2 || row[3] && last[r] < 3)
}

inline settle(up_to)
{
	row[1] = row[1] && up_to < 1;
	row[2] = row[2] && up_to < 2;
	row[3] = row[3] && up_to < 3
}

/* Nobody writes for it that it died, but who knows. */
inline note_death(r_seen)
{
#ifndef NO_SECOND_LOOK
	if
	:: written == NOT -> assert(!completed); written = DIED
	:: else
	fi;
#else
	assert(!completed);
	written = DIED;
#endif
	r_seen = written
}

#ifdef ROWS_FIRST
#define FIRST READS
#define AFTER_END SETTLES
#define AFTER_ROWS LOOKS
#else
#define FIRST LOOKS
#define AFTER_END READS
#define AFTER_ROWS SETTLES
#endif

proctype Responder(byte r)
{
	do
	:: atomic { at[r] == LOOKS ->
		seen[r] = written;
		at[r] = AGAIN }
	:: atomic { at[r] == AGAIN ->
		if
		:: seen[r] == NOT && !lives -> note_death(seen[r])
		:: else
		fi;
		at[r] = AFTER_END }
	:: atomic { at[r] == READS -> read_rows(r); at[r] = AFTER_ROWS }
	:: atomic { at[r] == SETTLES ->
#ifdef DELETED_WHEN_SENT
		settle(last[r]);
#else
		settle(asked[r]);
#endif
		at[r] = REPLIES }
	:: atomic { at[r] == STOPS ->
		if
		:: !stopped && lives && written == NOT -> written = COMPLETED; completed = 1
		:: else
		fi;
		lives = 0;
		stopped = 1;
		is_stop[r] = 1;
		has[4 * r + 1] = row[1] && asked[r] < 1;
		has[4 * r + 2] = row[2] && asked[r] < 2;
		has[4 * r + 3] = row[3] && asked[r] < 3;
#ifdef STOP_DELETES
		settle(ROWS);
#endif
		at[r] = REPLIES }
	:: atomic { at[r] == REPLIES && waits == r ->
		got[1] = got[1] + has[4 * r + 1];
		got[2] = got[2] + has[4 * r + 2];
		got[3] = got[3] + has[4 * r + 3];
		/* Nothing twice. */
		assert(got[1] < 2 && got[2] < 2 && got[3] < 2);
		if
		:: is_stop[r] -> finished = 1
		:: !is_stop[r] ->
#ifndef NO_MEMBER
			member = last[r];
#endif
			assert(!(seen[r] == DIED && completed));
			/* The end comes with the last: who stops listening then has missed nothing. */
#ifdef END_AT_ONCE
			assert(seen[r] == NOT || (got[1] == (told > 0 -> 1 : 0) &&
			    got[2] == (told > 1 -> 1 : 0) && got[3] == (told > 2 -> 1 : 0)))
#else
			assert(seen[r] == NOT || !all[r] || (got[1] == (told > 0 -> 1 : 0) &&
			    got[2] == (told > 1 -> 1 : 0) && got[3] == (told > 2 -> 1 : 0)))
#endif
		fi;
		waits = NOBODY;
		forget(r) }
	/* The agent has given up. */
	:: atomic { at[r] == REPLIES && waits != r -> forget(r) }
	:: atomic { at[r] != IDLE && loses > 0 ->
		loses--;
		if
		:: waits == r -> waits = NOBODY
		:: else
		fi;
		forget(r) }
	od
}

inline call(r)
{
	at[r] = (stops -> STOPS : FIRST);
	asked[r] = member;
	waits = r
}

init
{
	byte sweep = 0, found = NOT;

	atomic {
		run Responder(0);
		run Responder(1)
	};
	do
	/* The worker. */
	:: atomic { lives && told < ROWS && written == NOT -> told++; row[told] = 1 }
	:: atomic { lives && written == NOT -> written = COMPLETED; completed = 1 }
	:: atomic { lives -> lives = 0 }
	/* The reaper's look: row, byte, row. */
	:: atomic { sweep == 0 && written == NOT -> sweep = 1 }
	:: atomic { sweep == 1 ->
		if
		:: lives -> sweep = 0
		:: !lives -> sweep = 2
		fi }
	:: atomic { sweep == 2 -> note_death(found); found = NOT; sweep = 0 }

	/* The agent. */
	:: atomic { waits == NOBODY && !finished && !stops -> stops = 1 }
	:: atomic { waits == NOBODY && !finished && at[0] == IDLE -> call(0) }
	:: atomic { waits == NOBODY && !finished && at[0] != IDLE && at[1] == IDLE -> call(1) }
	:: atomic { waits != NOBODY && loses > 0 -> loses--; waits = NOBODY }
	:: atomic { finished -> break }
	od;
	/* Nothing is missing. */
	assert(got[1] == (told > 0 -> 1 : 0) && got[2] == (told > 1 -> 1 : 0) &&
	    got[3] == (told > 2 -> 1 : 0))
}
