/* What the guest says of itself: a line of JSON by UDP (7777), by TCP (7) and by HTTP (80: /, /check, /set). */
#define _GNU_SOURCE
#include "lab.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char guest_name[128], guest_boot_id[64];

void set_identity(const char *name, const char *boot_id)
{
    snprintf(guest_name, sizeof guest_name, "%s", name);
    snprintf(guest_boot_id, sizeof guest_boot_id, "%s", boot_id);
}

static int status(char *text, size_t size, const char *id)
{
    char records[128] = "";
    for (int disk = 0; disk < disks_count(); disk++)
        snprintf(records + strlen(records), sizeof records - strlen(records), "%s%lu", disk ? "," : "",
                 disks_durable(disk));
    return snprintf(text, size,
                    "{\"id\":\"%.64s\",\"vm\":\"%s\",\"boot_id\":\"%s\",\"counter\":%lu,\"records\":[%s],"
                    "\"uptime_s\":%.3f,\"realtime\":%.3f,\"io_errors\":%lu,\"slowest_sync_ms\":%.1f,"
                    "\"dirtied_pages\":%lu}\n",
                    id, guest_name, guest_boot_id, ticks(), records, seconds(CLOCK_BOOTTIME), seconds(CLOCK_REALTIME),
                    disks_errors(), disks_slowest_sync_ms(), memory_dirtied());
}

static void check(char *text, size_t size)
{
    char disks[1024] = "";
    for (int disk = 0; disk < disks_count(); disk++) {
        struct disk_report report;
        disks_report(disk, &report);
        snprintf(disks + strlen(disks), sizeof disks - strlen(disks),
                 "%s{\"last\":%lu,\"good\":%lu,\"bad\":%lu,\"stale\":%lu,\"payload_sha256\":\"%s\"}", disk ? "," : "",
                 report.last, report.good, report.bad, report.stale, report.payload_sha256);
    }
    snprintf(text, size, "{\"memory_pages\":%zu,\"memory_bad\":%lu,\"disks\":[%s]}\n", memory_pages(), memory_bad(),
             disks);
}

static void answer_path(const char *path, char *text, size_t size)
{
    if (!strncmp(path, "/set?mbps=", 10))
        disks_rate(atof(path + 10));
    if (!strncmp(path, "/set?dirty=", 11))
        memory_rate(atof(path + 11));
    if (!strcmp(path, "/check"))
        check(text, size);
    else
        status(text, size, "http");
}

static void answer_http(FILE *connection, const char *request)
{
    char path[128] = "/", line[512], body[2048];
    sscanf(request, "GET %127s", path);
    while (fgets(line, sizeof line, connection) && line[0] != '\r' && line[0] != '\n')
        ;
    answer_path(path, body, sizeof body);
    dprintf(fileno(connection),
            "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
            strlen(body), body);
    shutdown(fileno(connection), SHUT_RDWR);
}

/* One connection: an HTTP request, or lines that are echoed in an answer each, for as long as the caller likes. */
static void *converse(void *socket_number)
{
    int number = (int)(long)socket_number, yes = 1;
    FILE *connection = fdopen(number, "r");
    char line[512], text[1024];
    setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    while (fgets(line, sizeof line, connection)) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strncmp(line, "GET ", 4)) {
            answer_http(connection, line);
            break;
        }
        int length = status(text, sizeof text, line);
        if (write(number, text, length) != length)
            break;
    }
    fclose(connection);
    return NULL;
}

static int listening(int type, int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1, number = socket(AF_INET, type, 0);
    setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(number, (struct sockaddr *)&here, sizeof here) || (type == SOCK_STREAM && listen(number, 64)))
        perror("lab guest: cannot listen");
    return number;
}

static void *serve_tcp(void *port)
{
    int number = listening(SOCK_STREAM, (int)(long)port);
    for (;;) {
        pthread_t thread;
        int connection = accept(number, NULL, NULL);
        if (connection >= 0 && !pthread_create(&thread, NULL, converse, (void *)(long)connection))
            pthread_detach(thread);
    }
}

static void *serve_udp(void *unused)
{
    int number = listening(SOCK_DGRAM, 7777);
    char asked[256], text[1024];
    (void)unused;
    for (;;) {
        struct sockaddr_in who;
        socklen_t size = sizeof who;
        ssize_t length = recvfrom(number, asked, sizeof asked - 1, 0, (struct sockaddr *)&who, &size);
        if (length < 0)
            continue;
        asked[length] = 0;
        sendto(number, text, status(text, sizeof text, asked), 0, (struct sockaddr *)&who, size);
    }
}

void answer_udp(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, serve_udp, NULL);
}

void answer_tcp(int port)
{
    pthread_t thread;
    pthread_create(&thread, NULL, serve_tcp, (void *)(long)port);
}
