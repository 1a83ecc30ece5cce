/* A Modbus TCP server on libmodbus, to compare with: 1000 holding registers from 40000 on, for any number of clients.
   Prints the port that the system chose. */
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 1024

int main(void)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *mapping = modbus_mapping_new_start_address(0, 0, 0, 0, 40000, 1000, 0, 0);
    int listener = modbus_tcp_listen(context, 128);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (!mapping || listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size))
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    struct pollfd waiting[CLIENTS] = {{.fd = listener, .events = POLLIN}};
    unsigned char request[MODBUS_TCP_MAX_ADU_LENGTH];
    int count = 1;
    while (poll(waiting, count, -1) > 0) {
        for (int n = count - 1; n > 0; n--) {
            if (!waiting[n].revents)
                continue;
            modbus_set_socket(context, waiting[n].fd);
            int length = modbus_receive(context, request);
            if (length > 0) {
                modbus_reply(context, request, length, mapping);
            } else if (length < 0) {
                close(waiting[n].fd);
                waiting[n] = waiting[--count];
            }
        }
        if (waiting[0].revents && count < CLIENTS)
            waiting[count++] = (struct pollfd){.fd = accept(listener, 0, 0), .events = POLLIN};
    }
    return 1;
}
