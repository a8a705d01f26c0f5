/* The sources of the daemon: each made as the configuration says, started, and destroyed. */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "api/daemon_inner.h"
#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "frame/framer.h"
#include "ingest/intake_file.h"
#include "ingest/intake_journal.h"
#include "ingest/intake_socket.h"
#include "ingest/intake_webhook.h"
#include "ingest/io.h"
#include "net/fill.h"
#include "net/intake_kafka.h"
#include "net/intake_web.h"
#include "net/intake_websocket.h"
#include "pack/mapping.h"

/* Open files of the daemon itself; of a source or sink, beside its connections. */
enum { PROCESS_DESCRIPTORS = 128, SOURCE_DESCRIPTORS = 64 };

/* ---- each type --------------------------------------------------------------------------------
 */

static hydrant_status create_socket(const struct hydrant_daemon *daemon,
                                    const struct hy_config_source *config, struct hy_intake **out,
                                    hydrant_error *err)
{
    struct hy_intake_socket_options options = {
        .name = config->name,
        .address = config->type == HY_SOURCE_TCP ? config->listen.address : NULL,
        .port = config->listen.port,
        .path = config->path,
        .framing = &hy_frame_framing,
        .prefixed = config->records == HY_RECORDS_PREFIXED,
        .acknowledge = config->acknowledge,
        .record_bytes_max = (uint32_t)daemon->config->limits.record_bytes,
        .connections_max = (uint32_t)config->connections,
        .of_address_max = (uint32_t)config->per_address,
        .unfinished_bytes_max = config->unfinished_bytes,
        .idle_us = config->idle_us,
        .stall_us = config->stall_us};
    return hy_intake_socket_create(&options, out, err);
}

static hydrant_status create_webhook(const struct hydrant_daemon *daemon,
                                     const struct hy_config_source *config, struct hy_intake **out,
                                     hydrant_error *err)
{
    struct hy_fill fill = {.folder = daemon->config->folder};
    char *secret = NULL, *token = NULL;
    hydrant_status status =
        config->secret ? hy_fill_text(&fill, config->secret, &secret, err) : HYDRANT_OK;
    if (status == HYDRANT_OK && config->verify_token)
        status = hy_fill_text(&fill, config->verify_token, &token, err);
    if (status == HYDRANT_OK && ((secret && !*secret) || (token && !*token)))
        status = hy_error_set(err, HYDRANT_ERR_ARGUMENT, "its secret is empty");
    struct hy_intake_webhook_options options = {.name = config->name,
                                                .address = config->listen.address,
                                                .port = config->listen.port,
                                                .framing = &hy_frame_framing,
                                                .format = config->format.format,
                                                .sign = (enum hy_webhook_sign)config->sign,
                                                .secret = secret,
                                                .verify_token = token,
                                                .record_bytes_max =
                                                    (uint32_t)daemon->config->limits.record_bytes,
                                                .connections_max = (uint32_t)config->connections,
                                                .of_address_max = (uint32_t)config->per_address,
                                                .body_bytes_max = config->body_bytes,
                                                .waiting_bytes_max = config->waiting_bytes,
                                                .wait_us = config->wait_us};
    if (status == HYDRANT_OK)
        status = hy_intake_webhook_create(&options, out, err);
    hy_fill_free(secret);
    hy_fill_free(token);
    return status;
}

/* With a journal, the source that was just made is behind it. */
static hydrant_status put_journal(const struct hydrant_daemon *daemon,
                                  const struct hy_config_source *config, hydrant_status made,
                                  struct hy_intake **out, hydrant_error *err)
{
    char folder[4096];
    struct hy_intake_journal_options options = {.folder = folder,
                                                .keep_us = (int64_t)config->journal_keep_us,
                                                .keep_bytes = config->journal_bytes,
                                                .no_uring = hy_io_wanted(HY_IO_AUTO) == HY_IO_READ};
    struct hy_intake *inner = *out;
    if (made != HYDRANT_OK || !config->journal)
        return made;
    snprintf(folder, sizeof folder, "%s/journal", daemon->config->state_dir);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        inner->type->destroy(inner);
        *out = NULL;
        return hy_error_system(err, errno, "cannot make the folder %s", folder);
    }
    snprintf(folder, sizeof folder, "%s/journal/%s", daemon->config->state_dir, config->name);
    return hy_intake_journal_create(&options, inner, out, err);
}

static hydrant_status create_web(struct hydrant_daemon *daemon,
                                 const struct hy_config_source *config, struct hy_intake **out,
                                 hydrant_error *err)
{
    struct hy_intake_web_options options = {.name = config->name,
                                            .folder = daemon->config->folder,
                                            .web = &config->web,
                                            .poll = config->type == HY_SOURCE_POLL,
                                            .once = daemon->options.once,
                                            .record_bytes_max =
                                                (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_web_create(&options, out, err);
}

static hydrant_status create_kafka(struct hydrant_daemon *daemon,
                                   const struct hy_config_source *config, struct hy_intake **out,
                                   hydrant_error *err)
{
    struct hy_intake_kafka_options options = {.name = config->name,
                                              .folder = daemon->config->folder,
                                              .kafka = &config->kafka,
                                              .once = daemon->options.once,
                                              .record_bytes_max =
                                                  (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_kafka_create(&options, out, err);
}

static hydrant_status create_websocket(struct hydrant_daemon *daemon,
                                       const struct hy_config_source *config,
                                       struct hy_intake **out, hydrant_error *err)
{
    struct hy_intake_websocket_options options = {
        .name = config->name,
        .folder = daemon->config->folder,
        .web = &config->web,
        .record_bytes_max = (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_websocket_create(&options, out, err);
}

static hydrant_status create_intake(struct hydrant_daemon *daemon,
                                    const struct hy_config_source *config, struct hy_intake **out,
                                    hydrant_error *err)
{
    struct hy_intake_file_options file = {.name = config->name,
                                          .pattern = config->path,
                                          .follow = config->follow,
                                          .once = daemon->options.once};
    *out = NULL;
    bool pushed = config->type == HY_SOURCE_TCP || config->type == HY_SOURCE_UNIX ||
                  config->type == HY_SOURCE_WEBSOCKET || config->type == HY_SOURCE_WEBHOOK;
    if (pushed && daemon->options.once)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "it has no end, so --once would not either");
    switch (config->type) {
    case HY_SOURCE_FILE:
        return hy_intake_file_create(&file, out, err);
    case HY_SOURCE_TCP:
    case HY_SOURCE_UNIX:
        return put_journal(daemon, config, create_socket(daemon, config, out, err), out, err);
    case HY_SOURCE_WEBHOOK:
        return put_journal(daemon, config, create_webhook(daemon, config, out, err), out, err);
    case HY_SOURCE_STREAM:
    case HY_SOURCE_POLL:
        return create_web(daemon, config, out, err);
    case HY_SOURCE_WEBSOCKET:
        return create_websocket(daemon, config, out, err);
    case HY_SOURCE_KAFKA:
        return create_kafka(daemon, config, out, err);
    default:
        *out = NULL;
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED, "no such type of source");
    }
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void host_log(void *ctx, bool warning, const char *text)
{
    struct hy_daemon_source *source = ctx;
    hy_log(&source->daemon->log, warning ? HY_LOG_WARNING : HY_LOG_INFO, text,
           HY_LOG_TEXT("source", source->config->name));
}

static hydrant_status host_save(void *ctx, hydrant_error *err)
{
    return hy_daemon_save(((struct hy_daemon_source *)ctx)->daemon, err);
}

hydrant_status hy_daemon_check_format(const hydrant_pack *pack,
                                      const struct hy_config_source *source, hydrant_error *err)
{
    const struct hy_mappings *mappings = pack->pack->mappings;
    const char *wanted = source->format.mapping;
    if (!wanted || hy_mappings_find(mappings, hy_str_cstr(wanted)))
        return HYDRANT_OK;
    char known[512] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < mappings->count && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%.*s", i ? ", " : "",
                                (int)mappings->all[i].name.len, mappings->all[i].name.data);
    return hy_error_set(err, HYDRANT_ERR_RULES, "format %s is none of auto, native, csv, text, %s",
                        wanted, known);
}

hydrant_status hy_daemon_check_formats(void *ctx, const hydrant_pack *pack, hydrant_error *err)
{
    const struct hy_config *config = ((struct hydrant_daemon *)ctx)->config;
    for (uint32_t i = 0; i < config->sources_count; i++) {
        const struct hy_config_source *source = &config->sources[i];
        hydrant_status status = hy_daemon_check_format(pack, source, err);
        if (status != HYDRANT_OK) {
            hy_error_context(err, "source %s", source->name);
            return status;
        }
    }
    return HYDRANT_OK;
}

/* Every connection of every source needs a descriptor, and the rest of the process some: what
 * spills or is saved must not wait for senders to go. */
static void allow_descriptors(struct hydrant_daemon *daemon)
{
    const struct hy_config *config = daemon->config;
    struct rlimit limit;
    rlim_t wanted = PROCESS_DESCRIPTORS +
                    (config->sources_count + config->sinks_count) * (rlim_t)SOURCE_DESCRIPTORS;
    for (uint32_t i = 0; i < config->sources_count; i++)
        wanted += config->sources[i].connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted)
        hy_log(&daemon->log, HY_LOG_WARNING,
               "the limit of open files is below what the sources may need",
               HY_LOG_NUMBER("limit", limit.rlim_cur), HY_LOG_NUMBER("needed", wanted));
}

hydrant_status hy_daemon_open_sources(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const hydrant_pack *pack = hydrant_manager_pack(daemon->manager);
    allow_descriptors(daemon);
    for (uint32_t i = 0; i < daemon->config->sources_count; i++)
        hy_checkpoint_claim(&daemon->checkpoint, daemon->config->sources[i].name);
    for (uint32_t i = 0; i < daemon->config->sources_count; i++) {
        struct hy_daemon_source *source = &daemon->sources[i];
        const struct hy_checkpoint_source *known =
            hy_checkpoint_source(&daemon->checkpoint, daemon->config->sources[i].name);
        *source = (struct hy_daemon_source){
            .daemon = daemon,
            .config = &daemon->config->sources[i],
            .newest_us = HYDRANT_TIME_NONE,
            .host = {.ctx = source,
                     .open_stream = hy_daemon_open_stream,
                     .save = host_save,
                     .log = host_log,
                     .state = known ? hy_str(known->state, known->state_len) : HY_STR("")}};
        hydrant_status status = hy_daemon_check_format(pack, source->config, err);
        if (status == HYDRANT_OK)
            status = create_intake(daemon, source->config, &source->intake, err);
        daemon->sources_count += status == HYDRANT_OK;
        if (status == HYDRANT_OK)
            status = source->intake->type->start(source->intake, &source->host, err);
        if (status != HYDRANT_OK) {
            hy_error_context(err, "source %s", source->config->name);
            return status;
        }
    }
    return HYDRANT_OK;
}

void hy_daemon_close_sources(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        daemon->sources[i].intake->type->destroy(daemon->sources[i].intake);
    hy_daemon_close_streams(daemon);
    daemon->sources_count = 0;
}
