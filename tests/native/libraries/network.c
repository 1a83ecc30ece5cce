#include <sys/socket.h>
#define STEP socket(AF_INET, SOCK_STREAM, 0);
#include "firmware.h"
