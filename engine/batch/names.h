/*
 * The names of NDJSON, each list in the order of its enumeration: X("name"). Behind the functions
 * of hydrant/item.h, and for what writes them by other means.
 */
#ifndef HY_BATCH_NAMES_H
#define HY_BATCH_NAMES_H

#define HY_ITEM_EVENT_NAMES(X) X("mention"), X("update"), X("delete"), X("spread")

#define HY_ACTION_NAMES(X)                                                                     \
    X("none"), X("thank"), X("respond"), X("recover"), X("correct"), X("share"), X("monitor"), \
        X("ignore")

#define HY_OBLIGATION_NAMES(X) X("none"), X("may"), X("must")

#define HY_DUP_KIND_NAMES(X) X("none"), X("exact"), X("near"), X("redelivered")

#define HY_EMOTION_NAMES(X)                                                                       \
    X("admiration"), X("amusement"), X("anger"), X("annoyance"), X("approval"), X("caring"),      \
        X("confusion"), X("curiosity"), X("desire"), X("disappointment"), X("disapproval"),       \
        X("disgust"), X("embarrassment"), X("excitement"), X("fear"), X("gratitude"), X("grief"), \
        X("joy"), X("love"), X("nervousness"), X("optimism"), X("pride"), X("realization"),       \
        X("relief"), X("remorse"), X("sadness"), X("surprise"), X("neutral")

#define HY_EKMAN_NAMES(X) \
    X("anger"), X("disgust"), X("fear"), X("joy"), X("sadness"), X("surprise"), X("neutral")

#define HY_SENTIMENT_NAMES(X) X("positive"), X("negative"), X("ambiguous"), X("neutral")

#define HY_SPEECH_ACT_NAMES(X) \
    X("statement"), X("question"), X("complaint"), X("gratitude"), X("request"), X("abuse")

#endif
