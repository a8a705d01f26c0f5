/*
 * Compiling in a process of its own: a set that would take too much time or memory dies there and
 * not here.
 *
 *   this process                                      compiler "compile-patterns"
 *   request: how, limits, patterns   --- socket --->  sets its limits, compiles
 *                                    <---- answer ---  database | message and pattern
 *   (no answer: it died, or was too late or is cut off and is killed)
 *   of several: which one?           --- socket --->  compiles each alone, within the same limits
 *                                    <--- answers ---  what each cost; the last one before it dies
 *                                                      is the costly one
 *
 * Both ends are the same program version on the same machine, so structs are sent as they are. The
 * compiler is started by posix_spawn: this process is never copied, and its threads go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <hs.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "rules/build.h"

extern char **environ;

enum {
    REQUEST_MAGIC = 0x48594250,
    WALL_FACTOR = 5,
    SLACK_SECONDS = 30, /* of wall clock: the machine may be busy */
    ANSWER_BYTES_MAX = 1 << 30
};

enum answer_kind { ANSWER_DATABASE, ANSWER_PROBLEM, ANSWER_NOMEM, ANSWER_COST };

struct request {
    uint32_t magic, literal, flags, count;
    uint32_t seconds_max, mib_max;
    uint32_t probe; /* each pattern alone */
    uint32_t reserved;
    uint64_t bytes; /* of all patterns, each with a NUL */
};

struct answer {
    uint32_t kind, pattern;
    uint64_t value; /* DATABASE: bytes that follow; PROBLEM: of the message; COST: nanoseconds */
};

/* ---- both sides ------------------------------------------------------------------------------ */

/* How long one side waits for the other. The compiler waits for ever: its socket is closed when
 * nobody is there any more. */
struct patience {
    uint64_t deadline_ns; /* 0: none */
    const hy_cancel *cancel;
};

static const struct patience for_ever = {0, NULL};

static bool is_over(const struct patience *patience)
{
    return hy_cancelled(patience->cancel) ||
           (patience->deadline_ns && hy_clock_mono_ns() >= patience->deadline_ns);
}

/* False: the time is up, or it is cut off. */
static bool wait_for(int fd, short events, const struct patience *patience)
{
    enum { LOOK_MS = 50 };
    struct pollfd ready = {.fd = fd, .events = events};
    int n = 0;
    while (!is_over(patience) && (n == 0 || (n < 0 && errno == EINTR)))
        n = poll(&ready, 1, LOOK_MS);
    return n > 0;
}

static bool send_all(int fd, const void *data, size_t len, const struct patience *patience)
{
    const char *at = data;
    while (len > 0) {
        if (!wait_for(fd, POLLOUT, patience))
            return false;
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool receive_all(int fd, void *data, size_t len, const struct patience *patience)
{
    char *at = data;
    while (len > 0) {
        if (!wait_for(fd, POLLIN, patience))
            return false;
        ssize_t n = recv(fd, at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- the compiler ---------------------------------------------------------------------------- */

static void set_limits(const struct request *request)
{
    struct rlimit cpu = {request->seconds_max, (rlim_t)request->seconds_max + 1};
    struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which reserve terabytes */
    struct rlimit memory = {(rlim_t)request->mib_max << 20, (rlim_t)request->mib_max << 20};
    setrlimit(RLIMIT_AS, &memory);
#endif
}

struct received {
    const char **text;
    size_t *lens;
    char *bytes;
};

static bool receive_patterns(int fd, const struct request *request, struct received *in)
{
    size_t count = request->count;
    in->text = calloc(count + 1, sizeof *in->text);
    in->lens = calloc(count + 1, sizeof *in->lens);
    in->bytes = malloc(request->bytes + 1);
    if (!in->text || !in->lens || !in->bytes ||
        !receive_all(fd, in->lens, count * sizeof *in->lens, &for_ever) ||
        !receive_all(fd, in->bytes, request->bytes, &for_ever))
        return false;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (in->lens[i] >= request->bytes - at)
            return false;
        in->text[i] = in->bytes + at;
        at += in->lens[i] + 1;
    }
    return true;
}

static int answer_problem(int fd, hydrant_status status, const struct hy_build_problem *problem)
{
    struct answer answer = {.kind = ANSWER_NOMEM};
    if (status == HYDRANT_ERR_RULES)
        answer = (struct answer){ANSWER_PROBLEM, problem->pattern, strlen(problem->text)};
    return send_all(fd, &answer, sizeof answer, &for_ever) &&
                   (answer.kind == ANSWER_NOMEM ||
                    send_all(fd, problem->text, answer.value, &for_ever))
               ? 0
               : 1;
}

static int answer_database(int fd, const struct hy_patterns *patterns)
{
    struct hy_build_problem problem = {.pattern = UINT32_MAX};
    hs_database_t *hs = NULL;
    char *bytes = NULL;
    size_t len = 0;
    hydrant_status status = hy_build_here(patterns, &hs, &problem);
    if (status == HYDRANT_OK && hs_serialize_database(hs, &bytes, &len) != HS_SUCCESS)
        status = HYDRANT_ERR_NOMEM;
    if (status != HYDRANT_OK)
        return answer_problem(fd, status, &problem);
    struct answer answer = {.kind = ANSWER_DATABASE, .value = len};
    bool sent =
        send_all(fd, &answer, sizeof answer, &for_ever) && send_all(fd, bytes, len, &for_ever);
    free(bytes);
    hs_free_database(hs);
    return sent ? 0 : 1;
}

static int answer_costs(int fd, const struct hy_patterns *patterns)
{
    for (uint32_t i = 0; i < patterns->count; i++) {
        struct hy_patterns one = *patterns;
        struct hy_build_problem problem = {.pattern = UINT32_MAX};
        hs_database_t *hs = NULL;
        one.text += i;
        one.lens += i;
        one.count = 1;
        uint64_t start = hy_clock_mono_ns();
        hydrant_status status = hy_build_here(&one, &hs, &problem);
        struct answer answer = {
            ANSWER_COST, i, status == HYDRANT_ERR_NOMEM ? UINT64_MAX : hy_clock_mono_ns() - start};
        hs_free_database(hs);
        if (!send_all(fd, &answer, sizeof answer, &for_ever))
            return 1;
    }
    return 0;
}

int hy_build_serve(int fd)
{
    struct request request;
    struct received in = {NULL, NULL, NULL};
    int code = 1;
    if (!receive_all(fd, &request, sizeof request, &for_ever) || request.magic != REQUEST_MAGIC ||
        request.bytes > ANSWER_BYTES_MAX || request.count > request.bytes)
        return code;
    set_limits(&request);
    if (receive_patterns(fd, &request, &in)) {
        struct hy_patterns patterns = {in.text, in.lens, request.count, request.flags,
                                       request.literal};
        code = request.probe ? answer_costs(fd, &patterns) : answer_database(fd, &patterns);
    } else {
        code = answer_problem(fd, HYDRANT_ERR_NOMEM, NULL);
    }
    free(in.text);
    free(in.lens);
    free(in.bytes);
    return code;
}

/* ---- this process ---------------------------------------------------------------------------- */

struct child {
    pid_t pid;
    int fd;
    struct patience patience;
};

static bool start_child(struct child *child, const struct hy_build *build, uint32_t seconds)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    char *argv[] = {(char *)(uintptr_t)build->compiler, "compile-patterns", NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    int error = posix_spawn(&child->pid, build->compiler, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    child->fd = ends[0];
    child->patience.cancel = build->cancel;
    child->patience.deadline_ns =
        hy_clock_mono_ns() + (WALL_FACTOR * (uint64_t)seconds + SLACK_SECONDS) * 1000000000;
    if (error)
        close(ends[0]);
    return error == 0;
}

/* Waits for the child, killing it when it is too late, lingers or is cut off; did it end by itself?
 */
static bool end_child(struct child *child)
{
    enum { LINGER_MS = 1000 };
    int status = 0;
    pid_t ended = 0;
    close(child->fd);
    for (int ms = 0; ms < LINGER_MS && !is_over(&child->patience); ms++) {
        ended = waitpid(child->pid, &status, WNOHANG);
        if (ended != 0 && !(ended < 0 && errno == EINTR))
            break;
        poll(NULL, 0, 1);
    }
    if (ended == 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    return ended == child->pid && WIFEXITED(status);
}

static bool send_request(const struct child *child, const struct hy_patterns *p,
                         const struct request *request)
{
    bool sent = send_all(child->fd, request, sizeof *request, &child->patience) &&
                send_all(child->fd, p->lens, p->count * sizeof *p->lens, &child->patience);
    char *bytes = malloc(request->bytes + 1);
    size_t at = 0;
    for (uint32_t i = 0; bytes && i < p->count; i++) {
        memcpy(bytes + at, p->text[i], p->lens[i]);
        at += p->lens[i];
        bytes[at++] = '\0';
    }
    sent = sent && bytes && send_all(child->fd, bytes, at, &child->patience);
    free(bytes);
    return sent;
}

static struct request make_request(const struct hy_patterns *p, const struct hy_build *build)
{
    struct request request = {.magic = REQUEST_MAGIC,
                              .literal = p->literal,
                              .flags = p->flags,
                              .count = p->count,
                              .seconds_max =
                                  build->seconds_max ? build->seconds_max : HY_BUILD_SECONDS,
                              .mib_max = build->mib_max ? build->mib_max : HY_BUILD_MIB};
    for (uint32_t i = 0; i < p->count; i++)
        request.bytes += p->lens[i] + 1;
    return request;
}

/* Which pattern is the costly one? UINT32_MAX: none stands out. Takes as much time again, at most.
 */
static uint32_t find_costly(const struct hy_patterns *patterns, const struct hy_build *build)
{
    struct child child;
    struct request request = make_request(patterns, build);
    uint32_t costly = UINT32_MAX, seen = 0;
    uint64_t most = 0;
    request.probe = 1;
    if (patterns->count == 1)
        return 0;
    if (patterns->literal || hy_cancelled(build->cancel) ||
        !start_child(&child, build, request.seconds_max))
        return UINT32_MAX;
    struct answer answer;
    bool more = send_request(&child, patterns, &request);
    while (more && seen < patterns->count &&
           receive_all(child.fd, &answer, sizeof answer, &child.patience)) {
        seen++;
        if (answer.value > most) {
            most = answer.value;
            costly = answer.pattern;
        }
    }
    end_child(&child);
    return seen < patterns->count ? seen : costly; /* died at that one, if it died */
}

static void note_limit(const struct hy_patterns *patterns, const struct hy_build *build,
                       const struct request *request, struct hy_build_problem *problem)
{
    problem->limit = true;
    problem->pattern = find_costly(patterns, build);
    snprintf(problem->text, sizeof problem->text,
             "compiling takes more than %u seconds or %u MiB of memory", request->seconds_max,
             request->mib_max);
}

/* False when there is no whole answer, or the compiler had not enough memory. */
static bool receive_answer(const struct child *child, struct hs_database **out,
                           struct hy_build_problem *problem, hydrant_status *status, bool *nomem)
{
    struct answer answer;
    if (!receive_all(child->fd, &answer, sizeof answer, &child->patience) ||
        answer.value > ANSWER_BYTES_MAX)
        return false;
    *nomem = answer.kind == ANSWER_NOMEM;
    if (*nomem)
        return false;
    char *bytes = malloc(answer.value + 1);
    bool whole = bytes && receive_all(child->fd, bytes, answer.value, &child->patience);
    if (whole && answer.kind == ANSWER_DATABASE) {
        *status = hs_deserialize_database(bytes, answer.value, out) == HS_SUCCESS
                      ? HYDRANT_OK
                      : HYDRANT_ERR_NOMEM;
    } else if (whole) {
        problem->pattern = answer.pattern;
        problem->limit = false;
        snprintf(problem->text, sizeof problem->text, "%.*s", (int)answer.value, bytes);
        *status = HYDRANT_ERR_RULES;
    }
    free(bytes);
    return whole;
}

hydrant_status hy_build_in_child(const struct hy_patterns *patterns, const struct hy_build *build,
                                 struct hs_database **out, struct hy_build_problem *problem,
                                 hydrant_error *err)
{
    struct child child;
    struct request request = make_request(patterns, build);
    hydrant_status status = HYDRANT_ERR_NOMEM;
    *out = NULL;
    if (request.bytes > ANSWER_BYTES_MAX)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "the patterns are too large");
    if (!start_child(&child, build, request.seconds_max))
        return HYDRANT_ERR_UNSUPPORTED;
    bool nomem = false;
    bool answered = send_request(&child, patterns, &request) &&
                    receive_answer(&child, out, problem, &status, &nomem);
    bool ended = end_child(&child);
    if (answered)
        return status;
    if (ended && !nomem)
        return hy_error_set(err, HYDRANT_ERR_SYSTEM, "the compiler %s gave no answer",
                            build->compiler);
    note_limit(patterns, build, &request, problem);
    status = hy_cancel_check(build->cancel, err);
    return status == HYDRANT_OK ? HYDRANT_ERR_RULES : status;
}
