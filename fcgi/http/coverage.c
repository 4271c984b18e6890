/*
 * coverage.c: answers with the notes that the program carries, and with the counters that all
 * processes have written.
 */
#include "config.h"

#include "fcgi/http/coverage.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "core/base/clock.h"
#include "core/base/coverage.h"
#include "core/base/log.h"

#define MEDIA_TYPE "application/octet-stream"
/* For those that are at a request. */
#define COLLECT_MAX_MS 3000
#define PACK_MAX_MS 30000
#define PACK_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define PACK_CHUNK_BYTES 65536
#define PACK_MODE 0644

/* Of notes.c. */
extern const char coverage_notes[], coverage_notes_end[];

/* An archive in memory. */
struct pack {
	struct archive *archive;
	char *bytes;
	size_t length;
	size_t room;
};

void
coverage_meta(struct reply *ret_reply)
{
	reply_text(ret_reply, 200, coverage_notes,
	    (size_t)(coverage_notes_end - coverage_notes));
	ret_reply->media_type = MEDIA_TYPE;
}

static la_ssize_t
write_pack(struct archive *archive, void *context, const void *bytes, size_t length)
{
	struct pack *pack = context;
	size_t room = pack->room;
	char *grown;

	if (length > PACK_MAX_BYTES - pack->length) {
		archive_set_error(archive, EFBIG, "more than %zu bytes", PACK_MAX_BYTES);
		return -1;
	}
	while (room - pack->length < length)
		room = room == 0 ? PACK_CHUNK_BYTES : 2 * room;
	if (room != pack->room) {
		grown = realloc(pack->bytes, room);
		if (grown == NULL)
			log_out_of_memory();
		pack->bytes = grown;
		pack->room = room;
	}
	memcpy(pack->bytes + pack->length, bytes, length);
	pack->length += length;
	return (la_ssize_t)length;
}

static int
pack_fault(const struct pack *pack, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "archive: %s", archive_error_string(pack->archive));
}

static int
pack_open(struct pack *ret_pack, struct err *err)
{
	*ret_pack = (struct pack){ .archive = archive_write_new() };
	if (ret_pack->archive == NULL)
		log_out_of_memory();
	if (archive_write_set_format_gnutar(ret_pack->archive) != ARCHIVE_OK ||
	    archive_write_open(ret_pack->archive, ret_pack, NULL, write_pack,
	    NULL) != ARCHIVE_OK)
		return pack_fault(ret_pack, err);
	return 0;
}

static void
pack_done(struct pack *pack)
{
	archive_write_free(pack->archive);
	free(pack->bytes);
}

static int
pack_data(struct pack *pack, int fd, struct err *err)
{
	char chunk[PACK_CHUNK_BYTES];
	ssize_t length;

	while ((length = read(fd, chunk, sizeof(chunk))) > 0)
		if (archive_write_data(pack->archive, chunk, (size_t)length) != length)
			return pack_fault(pack, err);
	return length == 0 ? 0 : err_sys(err, ERR_INTERNAL, "read");
}

static int
pack_open_file(struct pack *pack, int fd, const char *name, struct err *err)
{
	/* Whoever writes has it locked. */
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct archive_entry *entry;
	struct stat st;
	int result = 0;

	if (fcntl(fd, F_SETLKW, &lock) == -1 || fstat(fd, &st) == -1)
		return err_sys(err, ERR_INTERNAL, "lock");
	entry = archive_entry_new();
	if (entry == NULL)
		log_out_of_memory();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, PACK_MODE);
	archive_entry_set_size(entry, st.st_size);
	archive_entry_set_mtime(entry, st.st_mtim.tv_sec, 0);
	if (archive_write_header(pack->archive, entry) != ARCHIVE_OK)
		result = pack_fault(pack, err);
	archive_entry_free(entry);
	return result == 0 ? pack_data(pack, fd, err) : -1;
}

static int
pack_file(struct pack *pack, const char *path, const char *name, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result;

	if (fd == -1)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	result = pack_open_file(pack, fd, name, err);
	close(fd);
	return result == 0 ? 0 : err_wrap(err, "%s", name);
}

static int
compare(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static int
pack_tree(struct pack *pack, const char *directory, struct err *err)
{
	char *const roots[] = { (char *)(uintptr_t)directory, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare);
	FTSENT *node;
	int result = 0;

	if (tree == NULL)
		return err_sys(err, ERR_INTERNAL, "%s", directory);
	while (result == 0 && (node = fts_read(tree)) != NULL)
		if (node->fts_info == FTS_F)
			result = pack_file(pack, node->fts_path,
			    node->fts_path + strlen(directory) + 1, err);
	fts_close(tree);
	return result;
}

int
coverage_counters(struct responder *responder, struct reply *ret_reply, struct err *err)
{
	const char *directory = coverage_directory();
	struct pack pack;
	int late;

	if (directory == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "the counters are where GCOV_PREFIX says: %s", getenv("GCOV_PREFIX"));
	scoreboard_busy(responder->slot, clock_boot_ms() + COLLECT_MAX_MS + PACK_MAX_MS,
	    "counters");
	late = coverage_collect(clock_boot_ms() + COLLECT_MAX_MS);
	if (late > 0)
		log_warn("the counters lack the latest of %d processes, which are busy", late);
	if (pack_open(&pack, err) == -1 || pack_tree(&pack, directory, err) == -1) {
		pack_done(&pack);
		return -1;
	}
	if (archive_write_close(pack.archive) != ARCHIVE_OK) {
		pack_fault(&pack, err);
		pack_done(&pack);
		return -1;
	}
	reply_take_bytes(ret_reply, 200, pack.bytes, pack.length);
	ret_reply->media_type = MEDIA_TYPE;
	pack.bytes = NULL;
	pack_done(&pack);
	return 0;
}
