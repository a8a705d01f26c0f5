/* See made_file.h. */
#include "made_file.h"

#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATHS = 32, DEPTH = 8, TRIES = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char made[PATHS][BENCH_PATH]; /* what is to be removed at the end; "": free. Under lock */
static bool watching;                /* under lock */

static const char *temporary(void)
{
    const char *folder = getenv("TMPDIR");
    return folder ? folder : "/tmp";
}

/* A name that is too long is cut, and then cannot be made. */
static void name(char path[BENCH_PATH], const char *folder, const char *suffix)
{
    snprintf(path, BENCH_PATH, "%s/hydrant-bench-XXXXXX%s", folder, suffix);
}

static void die(const char *path)
{
    fputs("bench: ", stderr);
    perror(path);
    exit(1);
}

/* ---- removing ---- */

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    remove(path);
    return 0;
}

/* A file, or a folder with all that is in it. */
static void remove_all(const char *path)
{
    nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS);
}

/* ---- when the program is stopped ---- */

/* Those that would end the program: not what nohup or a shell's & has it ignore. */
static void ending_signals(sigset_t *set)
{
    static const int ending[] = {SIGINT, SIGTERM};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction action;
        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL)
            sigaddset(set, ending[i]);
    }
}

/* A thread may do what a signal handler may not. The engine's may still be making files meanwhile,
 * so more than one try; then the program ends as it would have without this. */
static void *clean_up_when_stopped(void *arg)
{
    sigset_t set;
    int which;
    (void)arg;
    ending_signals(&set);
    if (sigwait(&set, &which) != 0)
        return NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < PATHS; i++)
        for (int n = 0; made[i][0] && n < TRIES && access(made[i], F_OK) == 0; n++)
            remove_all(made[i]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), which);
    pause();
    return NULL;
}

/* Threads that are started later inherit that the signals are blocked. */
static void watch(void)
{
    sigset_t set;
    pthread_t thread;
    ending_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, clean_up_when_stopped, NULL) == 0)
        pthread_detach(thread);
    else
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    watching = true;
}

/* More than there is room for would stay behind when the program is stopped. */
static void keep_in_mind(const char *path)
{
    int i = 0;
    pthread_mutex_lock(&lock);
    if (!watching)
        watch();
    while (i < PATHS && made[i][0])
        i++;
    if (i < PATHS)
        strcpy(made[i], path);
    pthread_mutex_unlock(&lock);
}

static void forget(const char *path)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < PATHS; i++)
        if (strcmp(made[i], path) == 0)
            made[i][0] = '\0';
    pthread_mutex_unlock(&lock);
}

/* ---- making ---- */

int bench_make_file(char path[static BENCH_PATH], const char *suffix)
{
    name(path, temporary(), suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    if (fd < 0)
        die(path);
    keep_in_mind(path);
    return fd;
}

void bench_make_ring_folder(char path[static BENCH_PATH])
{
    name(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporary(), "");
    if (!mkdtemp(path))
        die(path);
    keep_in_mind(path);
}

void bench_remove(const char *path)
{
    remove_all(path);
    forget(path);
}
