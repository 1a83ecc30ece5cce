#include <stdint.h>
uint32_t bms_abi_version(void) { return 0x10000; }
int32_t bms_descripe(char *buf, int32_t len) { return buf ? len : 0; }
