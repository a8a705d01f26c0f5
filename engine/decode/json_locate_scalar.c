#define LOCATE_NAME hy_json_locate_scalar
#include "decode/json_locate_body.h"
