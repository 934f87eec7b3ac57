/* What the files of the guest share. All of them together are one static program, the guest's only one. */
#ifndef FERRY_LAB_H
#define FERRY_LAB_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK 4096
#define BATCH 256 /* blocks that are read at once: small reads are slow where the processor is translated */
#define DISKS 4

/* What /check found on one disk. `last` is the newest record that was durable when the look began. */
struct disk_report {
    uint64_t last, good, bad, stale;
    char payload_sha256[65];
};

double seconds(int clock); /* a CLOCK_* */
void sleep_until(double *next, double step_s); /* an absolute beat that does not try to catch up after a stop */

void memory_start(size_t pages);
void memory_rate(double mb_per_s);
size_t memory_pages(void);
uint64_t memory_dirtied(void);
uint64_t memory_bad(void); /* looks at every page */

int disks_start(void); /* number of lab disks found */
int disks_count(void);
void disks_rate(double mb_per_s);
uint64_t disks_durable(int disk); /* number of the newest record that fdatasync has confirmed */
uint64_t disks_errors(void);
double disks_slowest_sync_ms(void);
void disks_report(int disk, struct disk_report *report);

uint64_t ticks(void); /* counts tenths of a second for as long as this memory lives */

typedef int read_blocks(void *source, uint64_t first, uint64_t count, void *blocks); /* false: cannot be read */
void sha256_hex(read_blocks *read, void *source, uint64_t blocks, char hex[65]); /* empty when it cannot be read */

void answer_udp(void);
void answer_tcp(int port);
void set_identity(const char *name, const char *boot_id);

#endif
