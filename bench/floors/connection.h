/*
 * One connection to an HTTP/1.1 server, plain or TLS, with blocking calls, and the little of HTTP
 * that the floor needs. Every failure ends the program: a floor that went wrong has no numbers.
 */

#ifndef CONNECTION_H
#define CONNECTION_H

#include <stddef.h>

struct target {
  const char *host;
  const char *port;
  /* PEM file to trust; NULL for a plain connection. */
  const char *ca_file;
};

struct connection {
  int fd;
  /* NULL for a plain one. */
  void *tls;
  const struct target *target;
};

struct response {
  /* Length of the body, in bytes. */
  long long length;
  char etag[80];
  /* Bytes of the body that came with the head; they lie at the start of the buffer given. */
  size_t ahead;
};

/* The library it uses for TLS, or that it has none. */
const char *tls_version(void);

void connection_open(struct connection *connection, const struct target *target);
void connection_close(struct connection *connection);

void send_all(struct connection *connection, const char *bytes, size_t length);

/* Bytes received, at least one. */
size_t receive(struct connection *connection, char *buffer, size_t capacity);

/* Writes a request head. `range_end` is inclusive; negative for none, as is `length`.
   Returns its size. */
size_t write_head(struct connection *connection, char *buffer, size_t capacity, const char *method,
                  const char *path, long long range_start, long long range_end, long long length);

/* Reads up to the body; anything but a 2xx ends the program. */
void read_head(struct connection *connection, char *buffer, struct response *response);

/* Says what failed, and errno, and ends the program. */
_Noreturn void fail(const char *what);

#endif
