#define INDEX_NAME hy_json_index_scalar
#include "decode/json_index_body.h"
