/* The load client: thousands of Socket.IO clients over websocket in one thread, by epoll.
 *
 * client PORT NAMESPACE OFFER RCVBUF SEATS [TICKETS]
 *   NAMESPACE "/" or such as "/live"; OFFER 1 offers permessage-deflate as browsers do;
 *   RCVBUF bytes of each receive buffer, 0 for the system's; SEATS how many sockets at most;
 *   TICKETS a file, a line a socket: cookie TAB follow message with @ for the head TAB head.
 *
 * A line of stdin is a command, a line of JSON on stdout its answer; times are CLOCK_MONOTONIC.
 *   dial COUNT IN_FLIGHT PATIENCE_MS   so many more come in, at most so many at a time; who is
 *                                      turned away comes back with full jitter, up to 1 s, 2 s …
 *   await FIRST COUNT PATIENCE_MS      answers {"armed":1}; then, once every socket that reads has
 *                                      heard FIRST .. FIRST+COUNT-1, what came and when
 *   stop COUNT, resume PATIENCE_MS     the first COUNT sockets no longer read; they read again
 *   storm FIRST_MS MOST_MS PATIENCE_MS who is cut off comes back with full jitter; answered once
 *                                      each was cut off and is back
 *   linger MS, status, hangup, quit
 *
 * Every delivery of the event "entry" is looked at: the next of its room, the same bytes that the
 * others got, once. Its object has "n", and may have "t", when it was sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "scan.h"

#define ROOM "partners"
#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455, section 1.3, and what it is answered with */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define CANON 65536
#define CHUNK (256 * 1024)
#define PORTS_EACH 25000 /* from one source address */
enum { OUT, DIALLING, UPGRADING, OPENING, JOINING, IN };

struct seat {
    int fd, state, stopped, cut; /* cut: was thrown out since the storm began */
    int kept, window;            /* bytes of an unfinished frame; of the jitter, in ms */
    char *rest;
    int64_t next, low, high;     /* due next, 0 unknown; what came before the follow's answer */
    int64_t asked_at, ready_at, retry_at;
    char *cookie, *follow;
};
struct canon { int64_t n, t; int size; char *text; };

static struct { /* since the last answer */
    int64_t began, cpu, idle, last, first_t; /* idle: looked for what was not there yet */
    long delivered, doubled, gaps, wrong, strays, corrupt, refused, errors, lost, attempts, negotiated,
        caught, caught_wrong, told_off, times, late;
} it;
static struct seat *seats;
static struct canon canon[CANON];
static int64_t *heard, *late; /* when, and how long after it was sent */
static long room_for;
static int ep, port, offers, rcvbuf, many, in_flight_most;
static long to_dial, dialled_to, in_flight, waiting;
static const char *space;
static char join[80], event[96], followed[96], joined[80], thrown[80], closing[96], buffer[8 * 1024 * 1024];
static int64_t from, upto, deadline, linger_until;
static long expected;
static int storm_first = 1000, storm_most = 30000;
static enum { IDLE, DIAL, AWAIT, RESUME, STORM, LINGER } mode;
static struct sockaddr_in address;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static int64_t cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static void begin(void) {
    it.began = now();
    it.cpu = cpu();
}

/* ------------------------------------------------------------------ one socket */

static void send_text(struct seat *s, const char *text) {
    static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
    unsigned char frame[16 * 1024];
    int size = strlen(text), at = 0;
    if (size > (int)sizeof frame - 8) exit(3);
    frame[at++] = 0x81;
    if (size < 126) frame[at++] = 0x80 | size;
    else { frame[at++] = 0xfe; frame[at++] = size >> 8; frame[at++] = size; }
    memcpy(frame + at, key, 4);
    at += 4;
    for (int i = 0; i < size; i++) frame[at + i] = text[i] ^ key[i & 3];
    if (send(s->fd, frame, at + size, MSG_NOSIGNAL | MSG_DONTWAIT) != at + size) it.errors++;
}

static void part(struct seat *s) { /* hangs up, whoever began */
    if (s->state > OUT && s->state < IN) in_flight--;
    close(s->fd);
    free(s->rest);
    s->rest = NULL;
    s->kept = s->stopped = 0;
    s->fd = -1;
    s->state = OUT;
}

static void lose(struct seat *s) {
    int was_in = s->state == IN;
    it.lost += was_in;
    part(s);
    if (mode == STORM || (mode == DIAL && !was_in)) { /* comes back as a browser does */
        s->cut = 1;
        waiting++;
        s->window = s->window ? (s->window * 2 > storm_most ? storm_most : s->window * 2) : storm_first;
        s->retry_at = now() + (int64_t)(drand48() * s->window * 1e6);
    }
}

static void dial(struct seat *s) {
    int one = 1, place = s - seats;
    struct sockaddr_in source = {.sin_family = AF_INET};
    struct epoll_event wanted = {.events = EPOLLOUT, .data.u32 = place};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (s->fd < 0) { perror("socket"); exit(4); }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (rcvbuf) setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    if (place >= PORTS_EACH) {
        setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + place / PORTS_EACH);
        bind(s->fd, (struct sockaddr *)&source, sizeof source);
    }
    s->state = DIALLING;
    s->low = s->high = 0;
    in_flight++;
    it.attempts++;
    if (connect(s->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        it.refused++;
        lose(s);
        return;
    }
    epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &wanted);
}

static void knock(struct seat *s) { /* asks for the upgrade */
    char head[4096];
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = s - seats};
    int size = snprintf(head, sizeof head,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Origin: http://127.0.0.1:%d\r\n%s%s%sConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n%s\r\n", port, port,
        s->cookie ? "Cookie: " : "", s->cookie ? s->cookie : "", s->cookie ? "\r\n" : "",
        offers ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
    if (send(s->fd, head, size, MSG_NOSIGNAL) != size) { it.refused++; lose(s); return; }
    s->state = UPGRADING;
    epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &wanted);
}

/* Whether two texts are the same but for how long ago something was: they were made at two times. */
static int same(const char *a, int a_size, const char *b, int b_size) {
    static const char mark[] = "data-age=";
    const char *a_end = a + a_size, *b_end = b + b_size;
    for (;;) {
        const char *at = memmem(a, a_end - a, mark, sizeof mark - 1);
        int size = (at ? at : a_end) - a;
        if (b_end - b < size || memcmp(a, b, size)) return 0;
        if (!at) return b_end - b == size;
        a = memmem(at, a_end - at, "</", 2);
        b = memmem(b + size, b_end - b - size, "</", 2);
        if (!a || !b) return 0;
    }
}

/* Looks at a delivery of the room: the text of its object. Returns its number. */
static int64_t look(const char *p, int size, int64_t due) {
    struct canon *c = &canon[due & (CANON - 1)];
    if (due && c->n == due && c->size == size && !memcmp(c->text, p, size)) return due;
    int64_t n = number_of(p, p + size, "n");
    const char *room = value_of(p, p + size, "room");
    if (n < 0 || !room || strncmp(room, "\"" ROOM "\"", sizeof ROOM + 1)) { it.wrong++; return -1; }
    c = &canon[n & (CANON - 1)];
    if (c->n == n) {
        if (!same(c->text, c->size, p, size)) it.wrong++;
        return n;
    }
    free(c->text);
    *c = (struct canon){n, number_of(p, p + size, "t"), size, memcpy(malloc(size), p, size)};
    return n;
}

static void hear(struct seat *s, const char *p, int size, int64_t at) {
    int64_t n = look(p, size, s->next);
    if (n < 0) return;
    if (s->state == JOINING) { /* before the answer: kept back */
        if (s->high && n != s->high + 1) it.gaps++;
        if (!s->low) s->low = n;
        s->high = n;
        return;
    }
    if (!s->next) s->next = mode == AWAIT ? from : n;
    if (n < s->next) { it.doubled++; return; }
    if (n > s->next) it.gaps++;
    s->next = n + 1;
    it.delivered++;
    if (n >= upto && mode != STORM) it.strays++;
    if (s->stopped || mode != AWAIT) return;
    int64_t t = canon[n & (CANON - 1)].t;
    if (it.times < room_for) heard[it.times++] = at;
    if (t > 0) {
        if (it.late < room_for) late[it.late++] = at - t;
        if (!it.first_t || t < it.first_t) it.first_t = t;
    }
    it.last = at;
}

static void enter(struct seat *s, int64_t at) {
    s->state = IN;
    s->ready_at = at;
    s->window = 0;
    in_flight--;
}

static void seated(struct seat *s, const char *p, const char *e, int64_t at) {
    const char *frames = value_of(p, e, "frames"), *heads = value_of(p, e, "heads");
    int64_t head = heads ? number_of(heads, e, ROOM) : -1, due = s->next;
    if (!frames || head < 0) { it.refused++; it.errors++; lose(s); return; }
    for (frames++; frames < e && *frames == '{';) {
        const char *end = skip(frames, e), *room = value_of(frames, end, "room");
        if (room && !strncmp(room, "\"" ROOM "\"", sizeof ROOM + 1)) {
            it.caught_wrong += look(frames, end - frames, due) != due;
            it.caught++;
            due++;
        }
        frames = end + (*end == ',');
    }
    it.caught_wrong += due != head + 1;
    s->next = head + 1;
    if (s->high > head) {
        if (s->low > head + 1) it.gaps++;
        s->next = s->high + 1;
    }
    heard[it.times < room_for ? it.times++ : 0] = at - s->asked_at;
    enter(s, at);
}

static int starts(const char *p, int size, const char *with) {
    int wanted = strlen(with);
    return size >= wanted && !memcmp(p, with, wanted);
}

static void message(struct seat *s, const char *p, int size, int64_t at) {
    if (starts(p, size, event)) hear(s, p + strlen(event), size - strlen(event) - 1, at);
    else if (size == 1 && *p == '2') send_text(s, "3");
    else if (s->state == OPENING && *p == '0') {
        s->state = JOINING;
        s->asked_at = at;
        if (!s->follow) { send_text(s, join); return; }
        char asked[8192], *mark = strchr(s->follow, '@');
        if (!mark) exit(5);
        snprintf(asked, sizeof asked, "%s%.*s%lld%s", join, (int)(mark - s->follow), s->follow,
                 (long long)(s->next - 1), mark + 1);
        send_text(s, asked);
    } else if (s->state == JOINING && starts(p, size, joined)) { if (!s->follow) enter(s, at); }
    else if (s->state == JOINING && s->follow && starts(p, size, followed))
        seated(s, p + strlen(followed), p + size, at);
    else if (starts(p, size, closing)) it.told_off++;
    else if (starts(p, size, thrown) || (size > 1 && p[0] == '4' && p[1] == '4')) {
        if (s->state != IN) it.refused++;
        lose(s);
    }
}

/* Takes frames apart; returns how many bytes were whole frames, -1 if these are none. */
static int take(struct seat *s, char *p, int size, int64_t at) {
    int done = 0, state_was = s->fd;
    while (size - done >= 2 && s->fd == state_was) {
        unsigned char *f = (unsigned char *)p + done;
        int opcode = f[0] & 15, start = 2;
        int64_t length = f[1];
        if ((f[0] & 0x70) || !(f[0] & 0x80) || length > 127 || (opcode != 1 && opcode != 8 && opcode != 9))
            return -1;
        if (length == 126) { start = 4; length = f[2] << 8 | f[3]; }
        if (length == 127) {
            if (size - done < 10) break;
            start = 10;
            for (int i = length = 0; i < 8; i++) length = length << 8 | f[2 + i];
            if (length > (int64_t)sizeof buffer - CHUNK) return -1;
        }
        if (size - done < start || size - done < start + length) break;
        if (opcode == 1) message(s, p + done + start, length, at);
        if (opcode == 8) { lose(s); return 0; }
        done += start + length;
    }
    return done;
}

static void upgraded(struct seat *s, char *p, int *size) {
    char *end = memmem(p, *size, "\r\n\r\n", 4);
    if (!end) return;
    *end = 0;
    if (!starts(p, *size, "HTTP/1.1 101") || !strstr(p, ACCEPT)) {
        it.errors += starts(p, *size, "HTTP/1.1 5");
        it.refused++;
        lose(s);
        return;
    }
    it.negotiated += strcasestr(p, "permessage-deflate") != NULL;
    s->state = OPENING;
    *size -= end + 4 - p;
    memmove(p, end + 4, *size);
}

static void readable(struct seat *s) {
    if (s->kept) memcpy(buffer, s->rest, s->kept);
    int got = recv(s->fd, buffer + s->kept, CHUNK, MSG_DONTWAIT);
    int64_t at = now();
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (s->state != IN) it.refused++;
        lose(s);
        return;
    }
    int size = s->kept + got, done = 0, fd = s->fd;
    if (s->state == UPGRADING) upgraded(s, buffer, &size);
    if (s->state > UPGRADING) done = take(s, buffer, size, at);
    if (done < 0) { it.corrupt++; lose(s); return; }
    if (s->fd != fd || s->fd < 0) return; /* gone meanwhile */
    free(s->rest);
    s->rest = NULL;
    s->kept = size - done;
    if (s->kept) s->rest = memcpy(malloc(s->kept), buffer + done, s->kept);
}

/* ------------------------------------------------------------------ commands */

static long count_of(int state) {
    long n = 0;
    for (int i = 0; i < many; i++) n += seats[i].state == state;
    return n;
}

static void say_counts(void) {
    printf("\"ready\":%ld,\"refused\":%ld,\"errors\":%ld,\"attempts\":%ld,\"negotiated\":%ld,\"lost\":%ld,"
           "\"delivered\":%ld,\"doubled\":%ld,\"gaps\":%ld,\"wrong\":%ld,\"strays\":%ld,\"corrupt\":%ld,"
           "\"caught\":%ld,\"caught_wrong\":%ld,\"told_off\":%ld,\"cpu_ns\":%lld,\"began\":%lld",
           count_of(IN), it.refused, it.errors, it.attempts, it.negotiated, it.lost, it.delivered,
           it.doubled, it.gaps, it.wrong, it.strays, it.corrupt, it.caught, it.caught_wrong, it.told_off,
           (long long)(cpu() - it.cpu - it.idle), (long long)it.began);
}

static void say_spread(const char *name, int64_t *figures, long count) {
    qsort(figures, count, sizeof *figures, by_size);
    printf(",\"%s\":{\"p50\":%lld,\"p95\":%lld,\"p99\":%lld,\"last\":%lld}", name,
           (long long)at_part(figures, count, .5), (long long)at_part(figures, count, .95),
           (long long)at_part(figures, count, .99), (long long)at_part(figures, count, 1));
}

static void finish(void) {
    long missing = 0, behind = 0, count = 0;
    int64_t *ready = malloc((many + 1) * sizeof *ready), head = -1, least = -1;
    for (int i = 0; i < many; i++) {
        struct seat *s = &seats[i];
        if (s->state == IN && s->ready_at >= it.began) ready[count++] = s->ready_at - it.began;
        if (s->state == IN && s->next) {
            if (s->next > head) head = s->next;
            if (least < 0 || s->next < least) least = s->next;
        }
        if (s->state != IN || s->stopped || mode != AWAIT) continue;
        int64_t due = s->next ? s->next : from;
        if (due < upto) missing += upto - due;
    }
    if (mode == RESUME)
        for (int i = 0; i < many; i++) behind += seats[i].state == IN && seats[i].stopped == 2 && seats[i].next < upto;
    printf("{");
    say_counts();
    printf(",\"missing\":%ld,\"behind\":%ld,\"head\":%lld,\"least\":%lld,\"first_t\":%lld,\"last\":%lld",
           missing, behind, (long long)head - 1, (long long)least - 1, (long long)it.first_t, (long long)it.last);
    say_spread("in", ready, count);
    say_spread(mode == AWAIT ? "heard" : "follow", heard, it.times);
    say_spread("late", late, it.late);
    struct canon *c = &canon[(upto - 1) & (CANON - 1)];
    if (mode == AWAIT && c->n == upto - 1) printf(",\"sample\":%.*s", c->size, c->text);
    printf("}\n");
    fflush(stdout);
    free(ready);
    memset(&it, 0, sizeof it);
    begin();
    for (int i = 0; i < many; i++)
        if (seats[i].stopped == 2) seats[i].stopped = 0;
    mode = IDLE;
}

static int is_done(void) {
    if (mode == DIAL) return !to_dial && !in_flight && !waiting;
    if (mode == LINGER) return now() >= linger_until;
    for (int i = 0; i < many; i++) {
        struct seat *s = &seats[i];
        if (mode == STORM && (!s->cut || s->state != IN)) return 0;
        if (s->state != IN) continue;
        if (mode == AWAIT && !s->stopped && s->next < upto) return 0;
        if (mode == RESUME && s->stopped == 2 && s->next < upto) return 0;
    }
    return 1;
}

static void stop(int count) {
    for (int i = 0; i < many && i < count; i++)
        if (seats[i].state == IN) {
            seats[i].stopped = 1;
            epoll_ctl(ep, EPOLL_CTL_DEL, seats[i].fd, NULL);
        }
}

static void resume(void) {
    for (int i = 0; i < many; i++)
        if (seats[i].stopped == 1) {
            struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = i};
            seats[i].stopped = 2;
            epoll_ctl(ep, EPOLL_CTL_ADD, seats[i].fd, &wanted);
        }
}

static void obey(char *line) {
    char name[16] = "";
    long a = 0, b = 0, c = 0;
    sscanf(line, "%15s %ld %ld %ld", name, &a, &b, &c);
    if (!strcmp(name, "quit")) exit(0);
    int64_t patience = (!strcmp(name, "resume") ? a : c) * 1000000LL;
    if (strcmp(name, "stop") && strcmp(name, "hangup")) begin();
    deadline = now() + patience;
    if (!strcmp(name, "dial")) {
        mode = DIAL;
        to_dial = a;
        in_flight_most = b;
        for (int i = 0; i < many; i++) seats[i].cut = seats[i].window = 0;
        waiting = 0;
        return;
    }
    if (!strcmp(name, "await")) {
        mode = AWAIT;
        from = a;
        upto = a + b;
        if (room_for < b * many + many) {
            room_for = b * many + many;
            heard = realloc(heard, room_for * sizeof *heard);
            late = realloc(late, room_for * sizeof *late);
        }
        expected = 0;
        for (int i = 0; i < many; i++) {
            if (seats[i].state != IN || seats[i].stopped) continue;
            if (seats[i].next < from) seats[i].next = from;
            expected += b;
        }
        printf("{\"armed\":1}\n");
        fflush(stdout);
        return;
    }
    if (!strcmp(name, "resume")) { mode = RESUME; resume(); return; }
    if (!strcmp(name, "linger")) { mode = LINGER; linger_until = now() + a * 1000000LL; return; }
    if (!strcmp(name, "storm")) {
        mode = STORM;
        waiting = 0;
        storm_first = a;
        storm_most = b;
        for (int i = 0; i < many; i++) seats[i].cut = 0;
        return;
    }
    if (!strcmp(name, "stop")) stop(a);
    if (!strcmp(name, "hangup")) for (int i = 0; i < many; i++) if (seats[i].state) part(&seats[i]);
    finish();
}

static void go_on(void) { /* with whatever is under way */
    static int64_t looked_at, swept_at;
    while (mode == DIAL && to_dial && in_flight < in_flight_most) {
        while (seats[dialled_to % many].state != OUT || seats[dialled_to % many].cut) dialled_to++;
        dial(&seats[dialled_to++ % many]);
        to_dial--;
    }
    int64_t at = now();
    if ((mode == STORM || mode == DIAL) && waiting && at > swept_at + 5000000) {
        swept_at = at;
        for (int i = 0; i < many; i++)
            if (seats[i].state == OUT && seats[i].cut && seats[i].retry_at <= at) {
                waiting--;
                dial(&seats[i]);
            }
    }
    if (mode == IDLE || (mode == AWAIT && it.times < expected && at < looked_at + 5000000)) return;
    looked_at = at;
    if (is_done() || (mode != LINGER && at > deadline)) finish();
}

static void read_tickets(const char *path) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    if (!file) { perror(path); exit(2); }
    for (int i = 0; i < many && getline(&line, &size, file) > 0; i++) {
        char *rest = line;
        seats[i].cookie = strdup(strsep(&rest, "\t"));
        seats[i].follow = strdup(strsep(&rest, "\t"));
        seats[i].next = strtoll(rest, NULL, 10) + 1;
    }
    fclose(file);
}

static void set_up(char **argv) {
    struct rlimit files;
    port = atoi(argv[1]);
    space = strcmp(argv[2], "/") ? argv[2] : "";
    offers = atoi(argv[3]);
    rcvbuf = atoi(argv[4]);
    many = atoi(argv[5]);
    const char *comma = *space ? "," : "";
    snprintf(join, sizeof join, "40%s%s", space, comma);
    snprintf(joined, sizeof joined, "40%s", space);
    snprintf(thrown, sizeof thrown, "41%s", space);
    snprintf(event, sizeof event, "42%s%s[\"entry\",", space, comma);
    snprintf(closing, sizeof closing, "42%s%s[\"closing\",", space, comma);
    snprintf(followed, sizeof followed, "42%s%s[\"followed\",", space, comma);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    seats = calloc(many, sizeof *seats);
    for (int i = 0; i < many; i++) seats[i].fd = -1;
    room_for = 2 * many;
    heard = calloc(room_for, sizeof *heard);
    late = calloc(room_for, sizeof *late);
    address = (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    srand48(now());
}

/* Waits for what comes. While an event is being delivered it stays awake instead: a client that falls
 * asleep between two deliveries is woken at the cost of the server's core, by an interrupt that no
 * client on another machine would ask of it. */
static int wait_for(struct epoll_event *got, int most) {
    int is_awake = mode == AWAIT && it.times > 0 && it.times < expected;
    int64_t since = is_awake ? now() : 0;
    int count = epoll_wait(ep, got, most, is_awake ? 0 : mode == IDLE ? -1 : mode == STORM ? 5 : 20);
    if (is_awake && !count) it.idle += now() - since;
    return count;
}

int main(int argc, char **argv) {
    static char commands[65536];
    struct epoll_event got[512], wanted = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    int kept = 0;
    if (argc < 6) return 2;
    set_up(argv);
    if (argc > 6) read_tickets(argv[6]);
    ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, 0, &wanted);
    for (;;) {
        int count = wait_for(got, 512);
        for (int i = 0; i < count; i++) {
            if (got[i].data.u32 == UINT32_MAX) {
                int size = read(0, commands + kept, sizeof commands - kept - 1);
                if (size <= 0) return 0;
                commands[kept += size] = 0;
                char *end;
                while ((end = strchr(commands, '\n'))) {
                    *end = 0;
                    obey(commands);
                    kept -= end + 1 - commands;
                    memmove(commands, end + 1, kept + 1);
                }
                continue;
            }
            struct seat *s = &seats[got[i].data.u32];
            if (s->fd < 0 || s->stopped == 1) continue;
            if (s->state != DIALLING) { readable(s); continue; }
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error) { it.refused++; lose(s); } else knock(s);
        }
        go_on();
    }
}
