/* See connection.h. TLS is compiled in with -DWITH_TLS and needs OpenSSL. */

#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef WITH_TLS
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

/* A head is read in bites of this size, so that little of a body has to be moved to the front. */
#define HEAD_BITE 4096

_Noreturn void fail(const char *what) {
  fprintf(stderr, "floor: %s (%s)\n", what, errno == 0 ? "no system error" : strerror(errno));
  exit(1);
}

const char *tls_version(void) {
#ifdef WITH_TLS
  return OpenSSL_version(OPENSSL_VERSION);
#else
  return "without TLS";
#endif
}

#ifdef WITH_TLS
static SSL_CTX *context;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;
static const char *context_ca_file;

static void make_context(void) {
  context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) fail("no TLS context");
  if (SSL_CTX_load_verify_locations(context, context_ca_file, NULL) != 1) fail("no certificate");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
}

static SSL *open_tls(int fd, const struct target *target) {
  context_ca_file = target->ca_file;
  pthread_once(&context_once, make_context);
  SSL *tls = SSL_new(context);
  if (tls == NULL) fail("no TLS session");
  X509_VERIFY_PARAM *verify = SSL_get0_param(tls);
  if (X509_VERIFY_PARAM_set1_ip_asc(verify, target->host) != 1) {
    SSL_set_tlsext_host_name(tls, target->host);
    if (SSL_set1_host(tls, target->host) != 1) fail("no host name to verify");
  }
  if (SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1) fail("TLS handshake");
  return tls;
}
#endif

void connection_open(struct connection *connection, const struct target *target) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *address = NULL;
  if (getaddrinfo(target->host, target->port, &hints, &address) != 0) fail("no such host");
  int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0) fail("connect");
  freeaddrinfo(address);
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  *connection = (struct connection){.fd = fd, .tls = NULL, .target = target};
  if (target->ca_file == NULL) return;
#ifdef WITH_TLS
  connection->tls = open_tls(fd, target);
#else
  fail("compiled without TLS");
#endif
}

void connection_close(struct connection *connection) {
#ifdef WITH_TLS
  if (connection->tls != NULL) SSL_free(connection->tls);
#endif
  close(connection->fd);
}

void send_all(struct connection *connection, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent;
#ifdef WITH_TLS
    if (connection->tls != NULL) sent = SSL_write(connection->tls, bytes, (int)length);
    else
#endif
      sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    bytes += sent;
    length -= (size_t)sent;
  }
}

size_t receive(struct connection *connection, char *buffer, size_t capacity) {
  ssize_t got;
#ifdef WITH_TLS
  if (connection->tls != NULL) got = SSL_read(connection->tls, buffer, (int)capacity);
  else
#endif
    got = recv(connection->fd, buffer, capacity, 0);
  if (got <= 0) fail("the connection ended early");
  return (size_t)got;
}

size_t write_head(struct connection *connection, char *buffer, size_t capacity, const char *method,
                  const char *path, long long range_start, long long range_end, long long length) {
  const struct target *target = connection->target;
  size_t size = (size_t)snprintf(buffer, capacity, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n", method,
                                 path, target->host, target->port);
  if (range_end >= 0 && size < capacity) {
    size += (size_t)snprintf(buffer + size, capacity - size, "Range: bytes=%lld-%lld\r\n",
                             range_start, range_end);
  }
  if (length >= 0 && size < capacity) {
    size += (size_t)snprintf(buffer + size, capacity - size, "Content-Length: %lld\r\n", length);
  }
  if (size + 2 >= capacity) fail("the request is too long");
  memcpy(buffer + size, "\r\n", 2);
  return size + 2;
}

/* Value of a header, which ends with a carriage return; NULL if it is not there. */
static const char *header(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
    if (strncasecmp(line + 1, name, length) != 0 || line[1 + length] != ':') continue;
    const char *value = line + 2 + length;
    return value + strspn(value, " \t");
  }
  return NULL;
}

void read_head(struct connection *connection, char *buffer, struct response *response) {
  char head[HEAD_BITE + 1];
  size_t have = 0;
  char *end = NULL;
  while (end == NULL) {
    if (have == HEAD_BITE) fail("the head of the response is too long");
    have += receive(connection, head + have, HEAD_BITE - have);
    head[have] = '\0';
    end = memmem(head, have, "\r\n\r\n", 4);
  }
  size_t head_size = (size_t)(end - head) + 4;
  response->ahead = have - head_size;
  memcpy(buffer, head + head_size, response->ahead);
  end[2] = '\0';
  if (strncmp(head, "HTTP/1.1 2", 10) != 0) {
    fprintf(stderr, "floor: %.*s\n", (int)strcspn(head, "\r"), head);
    exit(1);
  }
  const char *length = header(head, "content-length");
  if (length == NULL) fail("a response without a length");
  response->length = atoll(length);
  if ((long long)response->ahead > response->length) fail("more came than was announced");
  const char *etag = header(head, "etag");
  size_t etag_size = etag == NULL ? 0 : strcspn(etag, "\r");
  if (etag_size >= sizeof response->etag) fail("an ETag that is too long");
  memcpy(response->etag, etag == NULL ? "" : etag, etag_size);
  response->etag[etag_size] = '\0';
}
