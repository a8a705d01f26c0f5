#define LOCATE_NAME hy_json_locate_avx512
#include "decode/json_locate_body.h"
