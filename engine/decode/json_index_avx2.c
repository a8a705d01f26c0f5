#define INDEX_NAME hy_json_index_avx2
#include "decode/json_index_body.h"
