/* The floor: what fan-out costs when nothing is done but write(2).
 *
 *   floor PORT
 *
 * A GET is answered by the head of a stream and is a reader from then on; the body of a POST is a frame, which goes to
 * all readers, and then the POST is answered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1 << 17, ROOM = 1 << 16, EVENTS = 256 };

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n";
static const char DONE[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static int readers[MOST], reader_count;
static int place[MOST]; /* where a connection stands among the readers, plus one */

static void die(const char *what) { perror(what); exit(1); }

static void forget(int fd) {
    if (place[fd]) {
        int last = readers[--reader_count];
        readers[place[fd] - 1] = last;
        place[last] = place[fd];
        place[fd] = 0;
    }
    close(fd);
}

static void fan_out(const char *frame, size_t length) {
    for (int i = 0; i < reader_count; i++)
        if (write(readers[i], frame, length) != (ssize_t)length) fprintf(stderr, "a reader is slow\n");
}

static void serve(int fd) {
    static char buffer[ROOM + 1];
    ssize_t length = 0, got;
    while ((got = read(fd, buffer + length, ROOM - length)) > 0) {
        buffer[length += got] = 0;
        char *body = strstr(buffer, "\r\n\r\n"), *said = strstr(buffer, "\r\nContent-Length: ");
        if (body && buffer + length - body - 4 >= (said ? atol(said + 18) : 0)) break;
    }
    if (got <= 0) {
        forget(fd);
        return;
    }
    if (!strncmp(buffer, "POST ", 5)) {
        char *body = strstr(buffer, "\r\n\r\n") + 4;
        fan_out(body, buffer + length - body);
        if (write(fd, DONE, sizeof DONE - 1) < 0) forget(fd);
    } else if (!place[fd]) {
        if (write(fd, HEAD, sizeof HEAD - 1) < 0) die("write");
        readers[reader_count++] = fd;
        place[fd] = reader_count;
    }
}

int main(int argc, char **argv) {
    int on = 1, poller = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event)) die("epoll_ctl");
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            int fd = accept(listener, NULL, NULL);
            if (fd < 0) continue;
            if (fd >= MOST) die("too many connections");
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
            if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
        }
    }
}
