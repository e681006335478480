/* What a server of this protocol cannot be faster than with one write per event: a C loop of
 * send(). It shakes hands, knows one room, and answers POST /tell. loop PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
/* The load client asks with the key of RFC 6455, section 1.3; this is what answers it. */
#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define FILLER "Rack 2 at Monett loads; the next word follows at the full hour. "

static char room[MOST]; /* 1: shaken hands, 2: in the room */
static int most;        /* the greatest descriptor in it */

static int text(char *out, const char *words) {
    int size = strlen(words), at = 0;
    out[at++] = (char)0x81;
    if (size < 126) out[at++] = size;
    else { out[at++] = 126; out[at++] = size >> 8; out[at++] = size; }
    memcpy(out + at, words, size);
    return at + size;
}

static long told(const char *head, const char *name) {
    const char *at = strstr(head, name);
    return at ? atol(at + strlen(name)) : 0;
}

static void tell(const char *head) {
    static char words[65536], frame[65544], html[32768];
    long first = told(head, "first="), count = told(head, "count="), size = told(head, "size=");
    long pause = told(head, "pause=");
    for (long i = 0; i < size && i < (long)sizeof html - 1; i++) html[i] = FILLER[i % (sizeof FILLER - 1)];
    html[size] = 0;
    for (long n = first; n < first + count; n++) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        snprintf(words, sizeof words, "42[\"entry\",{\"room\":\"partners\",\"n\":%ld,\"t\":%lld,\"html\":\"%s\"}]",
                 n, t.tv_sec * 1000000000LL + t.tv_nsec, html);
        int length = text(frame, words);
        for (int fd = 0; fd <= most; fd++)
            if (room[fd] == 2 && send(fd, frame, length, MSG_NOSIGNAL) != length) room[fd] = 0;
        if (pause > 0) usleep(pause);
    }
}

static void serve(int fd) {
    static char head[65536];
    char frame[256];
    int size = recv(fd, head, sizeof head - 1, MSG_DONTWAIT);
    if (size <= 0) { room[fd] = 0; close(fd); return; }
    head[size] = 0;
    if (room[fd] == 1 && size >= 8) { /* the frame "40", masked */
        size = text(frame, "40{\"sid\":\"x\"}");
        send(fd, frame, size, MSG_NOSIGNAL);
        room[fd] = 2;
        if (fd > most) most = fd;
    } else if (!room[fd] && strstr(head, "Upgrade: websocket")) {
        char both[512] = UPGRADED;
        size = text(frame, "0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000}");
        memcpy(both + strlen(UPGRADED), frame, size);
        send(fd, both, strlen(UPGRADED) + size, MSG_NOSIGNAL);
        room[fd] = 1;
    } else if (!room[fd]) {
        if (!strncmp(head, "POST /tell", 10)) tell(head);
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
        close(fd);
    }
}

int main(int argc, char **argv) {
    struct epoll_event got[512], wanted = {.events = EPOLLIN};
    struct sockaddr_in at = {AF_INET, htons(argc > 1 ? atoi(argv[1]) : 0), {htonl(INADDR_LOOPBACK)}, {0}};
    struct rlimit files;
    int one = 1, door = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096)) return 1;
    wanted.data.fd = door;
    epoll_ctl(ep, EPOLL_CTL_ADD, door, &wanted);
    for (;;) {
        int count = epoll_wait(ep, got, 512, -1);
        for (int i = 0; i < count; i++) {
            int fd = got[i].data.fd;
            if (fd != door) { serve(fd); continue; }
            fd = accept(door, NULL, NULL);
            if (fd < 0 || fd >= MOST) continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            wanted.data.fd = fd;
            epoll_ctl(ep, EPOLL_CTL_ADD, fd, &wanted);
        }
    }
}
