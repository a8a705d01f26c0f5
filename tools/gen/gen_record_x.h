/* What X sends around a post, that hydrant ignores: members of a JSON object, each with a comma
 * behind it; every % stands for a number. */
#ifndef HY_TOOLS_GEN_RECORD_X_H
#define HY_TOOLS_GEN_RECORD_X_H

extern const char gen_record_x_user[], gen_record_x_annotations[], gen_record_x_media[],
    gen_record_x_quoted[], gen_record_x_rest[];

#endif
