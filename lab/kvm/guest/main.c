/* The guest's program: reads what it shall do from the kernel's command line and starts the parts.
 * lab.name=NAME  lab.mbps=MB/s of records per disk  lab.mem=MB checked memory  lab.dirty=MB/s of it rewritten */
#define _GNU_SOURCE
#include "lab.h"

#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#define INPUTS 8

static volatile uint64_t tick_count;

uint64_t ticks(void) { return tick_count; }

double seconds(int clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

void sleep_until(double *next, double step_s)
{
    *next += step_s;
    if (seconds(CLOCK_MONOTONIC) > *next + 1)
        *next = seconds(CLOCK_MONOTONIC);
    struct timespec then = {(time_t)*next, (long)((*next - (time_t)*next) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

static void *tick(void *unused)
{
    double next = seconds(CLOCK_MONOTONIC);
    (void)unused;
    for (;;) {
        sleep_until(&next, 0.1);
        tick_count++;
    }
}

/* The ACPI power button, as `virsh shutdown` presses it: one of the input devices, after the keyboard and the mouse. */
static void *power_button(void *unused)
{
    struct pollfd devices[INPUTS];
    struct input_event event;
    char path[32];
    (void)unused;
    for (int i = 0; i < INPUTS; i++) {
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        devices[i] = (struct pollfd){.fd = open(path, O_RDONLY), .events = POLLIN};
    }
    while (poll(devices, INPUTS, -1) > 0)
        for (int i = 0; i < INPUTS; i++)
            if (devices[i].revents && read(devices[i].fd, &event, sizeof event) == sizeof event &&
                event.type == EV_KEY && event.code == KEY_POWER && event.value)
                reboot(RB_POWER_OFF);
    return NULL;
}

static void read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, size, file))
        line[0] = 0;
    line[strcspn(line, "\n")] = 0;
    if (file)
        fclose(file);
}

/* The word after `key` on the kernel's command line, or `otherwise`. */
static const char *option(const char *key, const char *otherwise)
{
    static char line[4096], words[8][128];
    static int used;
    read_line("/proc/cmdline", line, sizeof line);
    const char *found = strstr(line, key);
    if (!found || used == 8)
        return otherwise;
    sscanf(found + strlen(key), "%127s", words[used]);
    return words[used++];
}

int main(void)
{
    char boot_id[64];
    pthread_t thread;
    const char *name = option("lab.name=", "guest");

    read_line("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    set_identity(name, boot_id);
    memory_rate(atof(option("lab.dirty=", "1")));
    disks_rate(atof(option("lab.mbps=", "1")));
    memory_start((size_t)atol(option("lab.mem=", "16")) * 256);
    disks_start();
    pthread_create(&thread, NULL, tick, NULL);
    pthread_create(&thread, NULL, power_button, NULL);
    answer_udp();
    answer_tcp(7);
    answer_tcp(80);
    printf("lab guest READY %s after %.2f s with %d disks\n", name, seconds(CLOCK_BOOTTIME), disks_count());
    fflush(stdout);
    for (;;)
        pause();
}
