/* The lab's disks: a header block, a payload that never changes, and a ring of numbered records (see disks.py).
 * Everything is read and written with O_DIRECT, so that a check sees the disk and no cache of it. */
#define _GNU_SOURCE
#include "lab.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "FERRYREC"
#define BEAT_S 0.05

struct record {
    char magic[8];
    uint64_t disk, number, tick, realtime_ns;
    uint64_t fill[BLOCK / 8 - 6];
    uint64_t sum; /* of everything before it */
};

struct disk {
    pthread_mutex_t lock;
    int file;
    int index;
    uint64_t payload_blocks, ring_blocks;
    volatile uint64_t durable;
};

_Static_assert(sizeof(struct record) == BLOCK, "a record is one block");

static struct disk disks[DISKS];
static int disk_count;
static volatile double rate_mb_per_s, slowest_sync_ms;
static volatile uint64_t errors;

int disks_count(void) { return disk_count; }
void disks_rate(double mb_per_s) { rate_mb_per_s = mb_per_s; }
uint64_t disks_durable(int disk) { return disks[disk].durable; }
uint64_t disks_errors(void) { return errors; }
double disks_slowest_sync_ms(void) { return slowest_sync_ms; }

static off_t place(const struct disk *disk, uint64_t number)
{
    return (off_t)(1 + disk->payload_blocks + number % disk->ring_blocks) * BLOCK;
}

/* Of all words but the last, each times its place, so that two that are swapped change it. */
static uint64_t checksum(const struct record *record)
{
    const uint64_t *words = (const uint64_t *)record;
    uint64_t sum = 0;
    for (int i = 0; i < BLOCK / 8 - 1; i++)
        sum += words[i] * (2 * i + 1);
    return sum;
}

static int is_record(const struct disk *disk, const struct record *record)
{
    return !memcmp(record->magic, MAGIC, 8) && record->disk == (uint64_t)disk->index &&
           record->sum == checksum(record);
}

static void fill_record(const struct disk *disk, struct record *record, uint64_t number)
{
    memcpy(record->magic, MAGIC, 8);
    record->disk = disk->index;
    record->number = number;
    record->tick = ticks();
    record->realtime_ns = seconds(CLOCK_REALTIME) * 1e9;
    for (size_t i = 0; i < sizeof record->fill / 8; i++)
        record->fill[i] = number * 0x9E3779B97F4A7C15ull + i;
    record->sum = checksum(record);
}

/* As many of `wanted` records as fit into the batch and before the ring's end; false when they cannot be written. */
static int write_batch(struct disk *disk, struct record *batch, uint64_t *number, uint64_t wanted)
{
    uint64_t first = *number + 1, count = disk->ring_blocks - first % disk->ring_blocks;
    count = wanted < count ? wanted : count;
    count = count < BATCH ? count : BATCH;
    for (uint64_t i = 0; i < count; i++)
        fill_record(disk, &batch[i], first + i);
    *number += count;
    return pwrite(disk->file, batch, count * BLOCK, place(disk, first)) == (ssize_t)(count * BLOCK);
}

/* Appends the records that are due; they count only once fdatasync has returned. */
static void append(struct disk *disk, struct record *batch, uint64_t wanted)
{
    uint64_t number = disk->durable, last = number + wanted;
    double began = seconds(CLOCK_MONOTONIC);
    int is_good = 1;
    while (is_good && number < last)
        is_good = write_batch(disk, batch, &number, last - number);
    if (!is_good || fdatasync(disk->file)) {
        errors++;
        return;
    }
    disk->durable = number;
    double took_ms = (seconds(CLOCK_MONOTONIC) - began) * 1e3;
    if (took_ms > slowest_sync_ms)
        slowest_sync_ms = took_ms;
}

static void *write_records(void *of)
{
    struct disk *disk = of;
    struct record *batch = aligned_alloc(BLOCK, BATCH * BLOCK);
    double next = seconds(CLOCK_MONOTONIC), due = 0;
    for (;;) {
        sleep_until(&next, BEAT_S);
        due += rate_mb_per_s * 1048576 / BLOCK * BEAT_S;
        if (due < 1)
            continue;
        pthread_mutex_lock(&disk->lock);
        append(disk, batch, (uint64_t)due);
        pthread_mutex_unlock(&disk->lock);
        due -= (uint64_t)due;
    }
}

static int read_payload(void *of, uint64_t first, uint64_t count, void *blocks)
{
    const struct disk *disk = of;
    return pread(disk->file, blocks, count * BLOCK, (off_t)(1 + first) * BLOCK) == (ssize_t)(count * BLOCK);
}

/* The number of the newest record that belongs into a slot when `last` is the newest of all; 0: none yet. */
static uint64_t expected(const struct disk *disk, uint64_t slot, uint64_t last)
{
    uint64_t behind = (last % disk->ring_blocks + disk->ring_blocks - slot) % disk->ring_blocks;
    return behind < last ? last - behind : 0;
}

static void look_at(const struct disk *disk, const struct record *record, uint64_t slot, struct disk_report *report)
{
    uint64_t number = expected(disk, slot, report->last);
    if (!number)
        return;
    if (!is_record(disk, record))
        report->bad++;
    else if (record->number < number)
        report->stale++;
    else
        report->good++;
}

/* Goes through the ring. With a report: is everything there? Without: the numbers go on from the newest record. */
static void read_ring(struct disk *disk, struct disk_report *report)
{
    struct record *batch = aligned_alloc(BLOCK, BATCH * BLOCK);
    for (uint64_t slot = 0; slot < disk->ring_blocks; slot++) {
        struct record *record = &batch[slot % BATCH];
        if (slot % BATCH == 0 && pread(disk->file, batch, BATCH * BLOCK, place(disk, slot)) != BATCH * BLOCK)
            memset(batch, 0, BATCH * BLOCK);
        if (report)
            look_at(disk, record, slot, report);
        else if (is_record(disk, record) && record->number > disk->durable)
            disk->durable = record->number;
    }
    free(batch);
}

void disks_report(int index, struct disk_report *report)
{
    struct disk *disk = &disks[index];
    memset(report, 0, sizeof *report);
    sha256_hex(read_payload, disk, disk->payload_blocks, report->payload_sha256);
    pthread_mutex_lock(&disk->lock);
    report->last = disk->durable;
    read_ring(disk, report);
    pthread_mutex_unlock(&disk->lock);
}

static int open_disk(struct disk *disk, int index)
{
    char path[] = "/dev/vda", *header = aligned_alloc(BLOCK, BLOCK);
    path[7] += index;
    disk->index = index;
    disk->file = open(path, O_RDWR | O_DIRECT);
    pthread_mutex_init(&disk->lock, NULL);
    int is_ours = disk->file >= 0 && pread(disk->file, header, BLOCK, 0) == BLOCK &&
                  sscanf(header, "FERRYLAB1 %lu %lu", &disk->payload_blocks, &disk->ring_blocks) == 2;
    free(header);
    return is_ours;
}

int disks_start(void)
{
    pthread_t thread;
    while (disk_count < DISKS && open_disk(&disks[disk_count], disk_count)) {
        read_ring(&disks[disk_count], NULL);
        pthread_create(&thread, NULL, write_records, &disks[disk_count++]);
    }
    return disk_count;
}
