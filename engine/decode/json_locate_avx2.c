#define LOCATE_NAME hy_json_locate_avx2
#include "decode/json_locate_body.h"
