/*
 * nft.c: runs nft. Persists nothing: the name of a table follows from the execution.
 */
#include "actions/nft.h"

#include <stdio.h>

#define NFT_REMOVE_BYTES 256

void
nft_tag(const struct ak_call *call, char tag[NFT_TAG_BYTES])
{
	const char *id = ak_execution_id(call);
	size_t used = 0;

	for (; *id != '\0' && used < NFT_TAG_BYTES - 1; id++)
		if (*id != '-')
			tag[used++] = *id;
	tag[used] = '\0';
}

void
nft_table(const struct ak_call *call, char table[NFT_TABLE_BYTES])
{
	char tag[NFT_TAG_BYTES];

	nft_tag(call, tag);
	(void)snprintf(table, NFT_TABLE_BYTES, "ak_%s", tag);
}

int
nft_check(struct ak_call *call, const char *rules, const char *what_for)
{
	const char *const argv[] = { NFT_PROGRAM, "--check", "-f", "-", NULL };
	const struct ak_exec exec = { .argv = argv, .input = rules, .err = AK_EXEC_TEXT };
	struct ak_error_details details = { .status = AK_ERRORED };
	struct ak_exec_end end;

	if (ak_exec(call, &exec, &end) == -1)
		return -1;
	if (end.exit_status == 0)
		return 0;
	details.detail = end.err;
	return ak_error_as(call, &details, "%s: not possible here, nft refuses its rules",
	    what_for);
}

int
nft_add(struct ak_call *call, const char *rules)
{
	const char *const argv[] = { NFT_PROGRAM, "-f", "-", NULL };
	const struct ak_exec exec = { .argv = argv, .input = rules };

	return ak_exec(call, &exec, NULL);
}

/* Added first, so that it is there: nft would fail on one that is not. */
int
nft_remove(struct ak_call *call, const char *family)
{
	char table[NFT_TABLE_BYTES], rules[NFT_REMOVE_BYTES];

	nft_table(call, table);
	(void)snprintf(rules, sizeof(rules), "add table %s %s\ndelete table %s %s\n", family, table,
	    family, table);
	return nft_add(call, rules);
}
