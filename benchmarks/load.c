/* The load client: one process, one epoll, so that it is never what limits a measurement.
 *
 *   load listen HOST PORT READERS READY MARK REQUESTS [WHEN SEND]...
 *
 * opens READERS connections; the i-th sends the i-th request of the file REQUESTS, and begins again at its end. A reader
 * is open when it has received READY (empty: when it has sent its request). Whenever one receives WHEN it sends SEND.
 * It prints "open COUNT NANOSECONDS", then obeys commands on its standard input:
 *
 *   edits FIRST COUNT CONNECTIONS EVERY WANTED SECONDS LENGTH    and a line end and LENGTH bytes of requests
 *
 * sends COUNT requests, one each EVERY nanoseconds over as many of CONNECTIONS as are idle; with EVERY 0 as fast as they
 * are answered, and the last one after all others. The answer to the request of edit FIRST+i is that readers receive MARK
 * and the six digits of FIRST+i; a reader that has received a later number has been told of all before it. When WANTED
 * readers have been told of the last one (or SECONDS have passed), it prints for each edit, times in nanoseconds since
 * it was due: "told READERS FIRST P50 P99 LAST ANSWERED STATUS", and then "done" and how long all that took.
 *
 *   expect FIRST COUNT WANTED SECONDS    the same, but somebody else edits: times are of CLOCK_MONOTONIC
 *   count                                prints "count BYTES LOST", since the connections were made
 *
 *   load get HOST PORT CONNECTIONS SECONDS REQUESTS...
 *
 * sends the requests of the files in turn, on each connection one after another, and prints what was answered:
 * "answered COUNT SECONDS P50 P99 BYTES" (nanoseconds), and for each status "status STATUS COUNT". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 6, TAIL = 63, OPENING = 64, RULES = 8, ROOM = 1 << 18, EVENTS = 512 };

static const uint64_t COMMAND = UINT64_MAX;

struct text { const char *bytes; size_t length; };

/* A reader keeps the last bytes of what it has read: a mark may straddle two reads. */
struct reader { int fd, told; uint64_t bytes; unsigned char is_open, kept; char tail[TAIL]; };

struct asker { int fd, edit; int64_t asked; char *answer; size_t length, room; };

static struct sockaddr_in address;
static int poller;
static struct text *requests;
static int request_count;
static struct text mark, ready, when[RULES], then[RULES];
static int rules;
static struct reader *readers;
static int reader_count, opened, connected, lost;
static int64_t *told, *due, *answered; /* told: one line of reader_count times for each edit */
static int *told_count, *status_of, first_edit, edit_count;
static struct asker *askers;
static int asker_count, idle_askers, is_commanded;

static void die(const char *what) { perror(what); exit(1); }

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *room_for(size_t count, size_t size) {
    void *room = calloc(count ? count : 1, size);
    if (!room) die("memory");
    return room;
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t percentile(const int64_t *sorted, long count, int percent) {
    return count ? sorted[(count * percent + 99) / 100 - 1] : 0;
}

/* Requests stand one after another; a body has the length that its head says. */
static void add_requests(const char *bytes, size_t length) {
    const char *end = bytes + length;
    while (bytes < end) {
        const char *body = memmem(bytes, end - bytes, "\r\n\r\n", 4);
        if (!body) { fprintf(stderr, "a request has no end\n"); exit(1); }
        body += 4;
        const char *said = memmem(bytes, body - bytes, "\r\nContent-Length: ", 18);
        body += said ? atol(said + 18) : 0;
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        if (!requests || body > end) die("a request is cut short");
        requests[request_count++] = (struct text){bytes, body - bytes};
        bytes = body;
    }
}

static void read_requests(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) die(name);
    fseek(file, 0, SEEK_END);
    size_t length = ftell(file);
    char *bytes = room_for(length, 1);
    rewind(file);
    if (fread(bytes, 1, length, file) != length) die(name);
    fclose(file);
    add_requests(bytes, length);
}

static int dial(int flags) {
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;
    if (fd < 0) die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) die("connect");
    return fd;
}

static void watch(int fd, uint64_t what, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.u64 = what};
    if (epoll_ctl(poller, how, fd, &event)) die("epoll_ctl");
}

/* What is sent is far smaller than the kernel's buffer, so it goes out whole. */
static void send_all(int fd, struct text text) {
    if (write(fd, text.bytes, text.length) != (ssize_t)text.length) die("write");
}

/* ---- readers ---- */

static void open_more(void) {
    while (connected < reader_count && connected - opened < OPENING) {
        struct reader *reader = &readers[connected];
        reader->fd = dial(SOCK_NONBLOCK);
        watch(reader->fd, connected++, EPOLLOUT, EPOLL_CTL_ADD);
    }
}

static void note(int index, int number) {
    struct reader *reader = &readers[index];
    for (int edit = reader->told + 1; edit <= number; edit++)
        if (edit >= first_edit && edit < first_edit + edit_count)
            told[(size_t)(edit - first_edit) * reader_count + told_count[edit - first_edit]++] = now();
    if (number > reader->told) reader->told = number;
}

static void read_stream(int index) {
    static char buffer[TAIL + ROOM];
    struct reader *reader = &readers[index];
    char *fresh = buffer + TAIL;
    ssize_t got = read(reader->fd, fresh, ROOM);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close(reader->fd);
        reader->fd = -1;
        lost++;
        return;
    }
    char *kept = fresh - reader->kept, *end = fresh + got;
    memcpy(kept, reader->tail, reader->kept);
    reader->bytes += got;
    /* Of a text of n bytes at most n-1 were there before: nothing is found twice. */
#define BEGIN(n) ((size_t)reader->kept < (n) - 1 ? kept : fresh - ((n) - 1))
    if (!reader->is_open) {
        char *from = BEGIN(ready.length);
        if (memmem(from, end - from, ready.bytes, ready.length)) {
            reader->is_open = 1;
            opened++;
            open_more();
        }
    }
    for (int rule = 0; rule < rules; rule++) {
        char *from = BEGIN(when[rule].length);
        if (memmem(from, end - from, when[rule].bytes, when[rule].length)) send_all(reader->fd, then[rule]);
    }
    size_t length = mark.length + DIGITS;
    for (char *from = BEGIN(length); (from = memmem(from, end - from, mark.bytes, mark.length)); from++) {
        if (end - from < (ssize_t)length) break;
        char digits[DIGITS + 1] = {0};
        memcpy(digits, from + mark.length, DIGITS);
        note(index, atoi(digits));
    }
#undef BEGIN
    reader->kept = end - kept < TAIL ? end - kept : TAIL;
    memcpy(reader->tail, end - reader->kept, reader->kept);
}

static void serve_reader(int index, uint32_t events) {
    struct reader *reader = &readers[index];
    if (reader->fd < 0) return;
    if (!(events & EPOLLOUT)) {
        read_stream(index);
        return;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(reader->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) { errno = error; die("connect"); }
    send_all(reader->fd, requests[index % request_count]);
    watch(reader->fd, index, EPOLLIN, EPOLL_CTL_MOD);
    if (!ready.length) {
        reader->is_open = 1;
        opened++;
        open_more();
    }
}

/* ---- askers ---- */

static void ask(int index, struct text request, int edit, int64_t at) {
    struct asker *asker = &askers[index];
    if (asker->fd < 0) {
        asker->fd = dial(0);
        watch(asker->fd, reader_count + index, EPOLLIN, EPOLL_CTL_ADD);
    }
    asker->edit = edit;
    asker->asked = at ? at : now();
    asker->length = 0;
    idle_askers--;
    send_all(asker->fd, request);
}

/* Whether an answer is whole; `at_end`: nothing more will come. */
static int is_whole(const struct asker *asker, int at_end) {
    char *bytes = asker->answer, *end = bytes + asker->length;
    char *body = memmem(bytes, asker->length, "\r\n\r\n", 4);
    if (!body) return 0;
    int status = atoi(bytes + 9);
    if (status == 204 || status == 304) return 1;
    char first = body[4];
    body[4] = 0; /* the head ends here */
    char *length = strcasestr(bytes, "\r\ncontent-length:"), *chunked = strcasestr(bytes, "\r\ntransfer-encoding: chunked");
    body[4] = first;
    body += 4;
    if (length) return end - body >= atol(length + 17);
    if (!chunked) return at_end;
    while (body < end) {
        char *line = memmem(body, end - body, "\r\n", 2);
        if (!line) return 0;
        long size = strtol(body, NULL, 16);
        if (!size) return end - line >= 4;
        body = line + 2 + size + 2;
    }
    return 0;
}

/* Returns the status of an answer that has become whole, else 0. */
static int read_answer(int index, uint64_t *bytes) {
    struct asker *asker = &askers[index];
    if (asker->room - asker->length < ROOM) {
        asker->room += ROOM;
        asker->answer = realloc(asker->answer, asker->room + 1);
        if (!asker->answer) die("memory");
    }
    ssize_t got = read(asker->fd, asker->answer + asker->length, asker->room - asker->length);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (got > 0) asker->length += got;
    asker->answer[asker->length] = 0;
    int whole = asker->length && is_whole(asker, got <= 0);
    if (got <= 0 || (whole && strcasestr(asker->answer, "\r\nconnection: close\r\n"))) {
        close(asker->fd);
        asker->fd = -1;
        if (!whole && idle_askers < asker_count && asker->edit >= 0) {
            fprintf(stderr, "an answer was cut short after %zu bytes\n", asker->length);
            exit(1);
        }
    }
    if (!whole) return 0;
    if (bytes) *bytes += asker->length;
    idle_askers++;
    asker->length = 0;
    return atoi(asker->answer + 9);
}

static void make_askers(int count) {
    for (; asker_count < count; asker_count++, idle_askers++) {
        askers = realloc(askers, (asker_count + 1) * sizeof *askers);
        if (!askers) die("memory");
        askers[asker_count] = (struct asker){.fd = -1, .edit = -1};
    }
}

/* ---- listen ---- */

static void poll_once(int milliseconds) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, milliseconds);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
        uint64_t what = events[i].data.u64;
        if (what < (uint64_t)reader_count) {
            serve_reader(what, events[i].events);
            continue;
        }
        if (what == COMMAND) {
            is_commanded = 1;
            continue;
        }
        struct asker *asker = &askers[what - reader_count];
        int status = read_answer(what - reader_count, NULL);
        if (!status) continue;
        answered[asker->edit] = now();
        status_of[asker->edit] = status;
        asker->edit = -1;
    }
}

static void expect(int first, int count) {
    first_edit = first, edit_count = count;
    told = room_for((size_t)count * reader_count, sizeof *told);
    told_count = room_for(count, sizeof *told_count);
    due = room_for(count, sizeof *due);
    answered = room_for(count, sizeof *answered);
    status_of = room_for(count, sizeof *status_of);
}

static void report(int64_t took) {
    for (int edit = 0; edit < edit_count; edit++) {
        int64_t *times = told + (size_t)edit * reader_count, since = due[edit];
        int count = told_count[edit];
        qsort(times, count, sizeof *times, compare);
        if (count)
            printf("told %d %ld %ld %ld %ld", count, (long)(times[0] - since), (long)(percentile(times, count, 50) - since),
                   (long)(percentile(times, count, 99) - since), (long)(times[count - 1] - since));
        else
            printf("told 0 0 0 0 0");
        printf(" %ld %d\n", (long)(answered[edit] - since), status_of[edit]);
    }
    printf("done %ld\n", (long)took);
    free(told), free(told_count), free(due), free(answered), free(status_of);
    edit_count = 0;
}

static void edits(int first, int count, int connections, int64_t every, int wanted, double seconds) {
    expect(first, count);
    make_askers(connections);
    int64_t began = now(), limit = began + (int64_t)(seconds * 1e9);
    int sent = 0;
    while (now() < limit) {
        for (int index = 0; index < connections && sent < count; index++) {
            int is_last = sent == count - 1, all_idle = idle_askers == asker_count;
            if (askers[index].edit >= 0 || (every ? began + sent * every > now() : is_last && !all_idle)) continue;
            due[sent] = every ? began + sent * every : now();
            ask(index, requests[sent], sent, due[sent]);
            sent++;
        }
        if (sent == count && told_count[count - 1] >= wanted && idle_askers == asker_count) break;
        int64_t wait = every && sent < count ? (began + sent * every - now()) / 1000000 : 20;
        poll_once(wait < 0 ? 0 : wait > 20 ? 20 : wait);
    }
    int64_t took = now() - began;
    while (idle_askers < asker_count && now() < limit + 5000000000LL) poll_once(20);
    report(took);
}

static void obey(char *line) {
    int first, count, connections, wanted;
    long every, length;
    double seconds;
    if (sscanf(line, "edits %d %d %d %ld %d %lf %ld", &first, &count, &connections, &every, &wanted, &seconds, &length) == 7) {
        char *bytes = room_for(length, 1);
        if (fread(bytes, 1, length, stdin) != (size_t)length) die("the requests");
        request_count = 0;
        add_requests(bytes, length);
        if (request_count != count) { fprintf(stderr, "%d requests for %d edits\n", request_count, count); exit(1); }
        edits(first, count, connections, every, wanted, seconds);
        free(bytes);
    } else if (sscanf(line, "expect %d %d %d %lf", &first, &count, &wanted, &seconds) == 4) {
        int64_t began = now();
        expect(first, count);
        printf("expecting\n");
        fflush(stdout);
        while (told_count[count - 1] < wanted && now() < began + (int64_t)(seconds * 1e9)) poll_once(20);
        report(now() - began);
    } else if (!strcmp(line, "count\n")) {
        uint64_t bytes = 0;
        for (int index = 0; index < reader_count; index++) bytes += readers[index].bytes;
        printf("count %lu %d\n", (unsigned long)bytes, lost);
    } else {
        fprintf(stderr, "unknown: %s", line);
        exit(1);
    }
    fflush(stdout);
}

static int listen_on(int argc, char **argv) {
    if (argc < 8) return 2;
    reader_count = atoi(argv[4]);
    ready = (struct text){argv[5], strlen(argv[5])};
    mark = (struct text){argv[6], strlen(argv[6])};
    read_requests(argv[7]);
    for (int i = 8; i + 1 < argc && rules < RULES; i += 2, rules++) {
        when[rules] = (struct text){argv[i], strlen(argv[i])};
        then[rules] = (struct text){argv[i + 1], strlen(argv[i + 1])};
    }
    readers = room_for(reader_count, sizeof *readers);
    int64_t began = now();
    open_more();
    while (opened < reader_count && !lost && now() - began < 120000000000LL) poll_once(100);
    printf("open %d %ld\n", opened, (long)(now() - began));
    fflush(stdout);
    setvbuf(stdin, NULL, _IONBF, 0); /* what waits, waits where epoll sees it */
    watch(STDIN_FILENO, COMMAND, EPOLLIN, EPOLL_CTL_ADD);
    for (char line[256];;) {
        poll_once(1000);
        if (!is_commanded) continue;
        is_commanded = 0;
        if (!fgets(line, sizeof line, stdin)) return 0;
        obey(line);
    }
}

/* ---- get ---- */

static int get(int argc, char **argv) {
    if (argc < 7) return 2;
    for (int i = 6; i < argc; i++) read_requests(argv[i]);
    make_askers(atoi(argv[4]));
    long limit = 1 << 16, count = 0, statuses[600] = {0};
    int64_t *times = malloc(limit * sizeof *times), began = now(), end = began + (int64_t)(atof(argv[5]) * 1e9), stopped = 0;
    uint64_t bytes = 0;
    for (int next = 0; (stopped = now()) < end;) {
        for (int index = 0; index < asker_count; index++)
            if (askers[index].edit < 0) ask(index, requests[next++ % request_count], 0, 0);
        struct epoll_event events[EVENTS];
        int ready_count = epoll_wait(poller, events, EVENTS, 100);
        for (int i = 0; i < ready_count; i++) {
            struct asker *asker = &askers[events[i].data.u64];
            int status = read_answer(asker - askers, &bytes);
            if (!status) continue;
            if (count == limit) times = realloc(times, (limit *= 2) * sizeof *times);
            times[count++] = now() - asker->asked;
            statuses[status < 600 ? status : 0]++;
            asker->edit = -1;
        }
    }
    qsort(times, count, sizeof *times, compare);
    printf("answered %ld %.6f %ld %ld %lu\n", count, (stopped - began) / 1e9, (long)percentile(times, count, 50),
           (long)percentile(times, count, 99), (unsigned long)bytes);
    for (int status = 0; status < 600; status++)
        if (statuses[status]) printf("status %d %ld\n", status, statuses[status]);
    return 0;
}

int main(int argc, char **argv) {
    int status = 2;
    poller = epoll_create1(0);
    if (argc > 3) {
        address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
        if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1) return 2;
        if (!strcmp(argv[1], "listen")) status = listen_on(argc, argv);
        if (!strcmp(argv[1], "get")) status = get(argc, argv);
    }
    if (status == 2) fprintf(stderr, "load listen|get HOST PORT ... (see load.c)\n");
    return status;
}
