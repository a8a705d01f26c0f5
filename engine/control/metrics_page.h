/*
 * A page of metrics in Prometheus' text format 0.0.4, put together from the top: one family after
 * the other, each with its help, its type, then its values. Labels come from the configuration or
 * from tables of ours, so that there are never more of them than those. One thread a page.
 */
#ifndef HY_CONTROL_METRICS_PAGE_H
#define HY_CONTROL_METRICS_PAGE_H

#include <hydrant/types.h>

struct hy_metrics_page {
    char *data; /* malloc'd */
    size_t len, cap;
    bool failed; /* no memory */
    const char *family;
};

/* type: "counter" or "gauge". */
void hy_metrics_family(struct hy_metrics_page *page, const char *name, const char *type,
                       const char *help);
/* A value of the family. label NULL: without one. */
void hy_metrics_value(struct hy_metrics_page *page, const char *label, const char *is,
                      double value);
void hy_metrics_count(struct hy_metrics_page *page, const char *label, const char *is,
                      uint64_t value);
void hy_metrics_page_fini(struct hy_metrics_page *page);

#endif
