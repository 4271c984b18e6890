/*
 * nft.h: tables of nftables that belong to an execution, by the program nft.
 */
#ifndef ACTIONS_NFT_H
#define ACTIONS_NFT_H

#include <actionkit.h>

#define NFT_PROGRAM "nft"
#define NFT_PACKAGE "nftables"
#define NFT_TABLE_BYTES 64
#define NFT_TAG_BYTES 33

/* The id of the execution without dashes. */
void nft_tag(const struct ak_call *call, char tag[NFT_TAG_BYTES]);

/* The name of its table: "ak_" and that. */
void nft_table(const struct ak_call *call, char table[NFT_TABLE_BYTES]);

/*
 * In prepare(): whether these rules would be taken; nothing is changed. Returns 0, or -1 with the
 * call's error, which says what for they are needed.
 */
int nft_check(struct ak_call *call, const char *rules, const char *what_for);

/* Adds rules, all or none. Returns 0, or -1 with the call's error. */
int nft_add(struct ak_call *call, const char *rules);

/* Removes the execution's table of a family, there or not. Returns as nft_add() does. */
int nft_remove(struct ak_call *call, const char *family);

#endif
