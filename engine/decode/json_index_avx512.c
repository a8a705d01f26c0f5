#define INDEX_NAME hy_json_index_avx512
#include "decode/json_index_body.h"
