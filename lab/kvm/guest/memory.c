/* Checked memory: every page holds its own number, a generation, and a series that follows from both. */
#define _GNU_SOURCE
#include "lab.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define WORDS (BLOCK / 8)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t *memory;
static size_t page_count;
static volatile uint64_t dirtied;
static volatile double rate_mb_per_s;

size_t memory_pages(void) { return page_count; }
uint64_t memory_dirtied(void) { return dirtied; }
void memory_rate(double mb_per_s) { rate_mb_per_s = mb_per_s; }

static uint64_t scramble(uint64_t word) /* xorshift64 */
{
    word ^= word << 13;
    word ^= word >> 7;
    return word ^ word << 17;
}

static uint64_t seed(const uint64_t *page) { return (page[0] + 1) * 0x9E3779B97F4A7C15ull ^ page[1]; }

static void fill(size_t number)
{
    uint64_t *page = memory + number * WORDS;
    page[0] = number;
    page[1]++;
    uint64_t word = seed(page);
    for (int i = 2; i < WORDS; i++)
        page[i] = word = scramble(word);
}

static int is_whole(size_t number)
{
    const uint64_t *page = memory + number * WORDS;
    uint64_t word = seed(page);
    if (page[0] != number)
        return 0;
    for (int i = 2; i < WORDS; i++)
        if (page[i] != (word = scramble(word)))
            return 0;
    return 1;
}

static void *rewrite(void *unused)
{
    double next = seconds(CLOCK_MONOTONIC), due = 0;
    size_t page = 0;
    (void)unused;
    for (;;) {
        sleep_until(&next, 0.02);
        pthread_mutex_lock(&lock);
        for (due += rate_mb_per_s * 256 * 0.02; due >= 1; due--, dirtied++, page = (page + 1) % page_count)
            fill(page);
        pthread_mutex_unlock(&lock);
    }
}

uint64_t memory_bad(void)
{
    uint64_t bad = 0;
    pthread_mutex_lock(&lock);
    for (size_t page = 0; page < page_count; page++)
        bad += !is_whole(page);
    pthread_mutex_unlock(&lock);
    return bad;
}

void memory_start(size_t pages)
{
    pthread_t thread;
    memory = mmap(NULL, pages * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || pages == 0) {
        perror("lab guest: no memory to check");
        exit(1);
    }
    page_count = pages;
    for (size_t page = 0; page < pages; page++)
        fill(page);
    pthread_create(&thread, NULL, rewrite, NULL);
}
