/*
 * The least a program could do for the same job: no checksum, no signature, no retry. What it
 * takes is what the kernel (and OpenSSL) take. Each thread has one connection and one buffer.
 *
 *   download   recv up to 1 MiB, pwrite at once (TLS: when 256 KiB are there), fsync at the end
 *   read       the same without a file
 *   upload     read 256 KiB, send, part by part; Create and Complete around it
 *   many       a whole GET or PUT per object, one after the other on each connection, no fsync
 */

#define _GNU_SOURCE
#include "connection.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECEIVE_SIZE (1024 * 1024)
#define WRITE_SIZE (256 * 1024)
/* One call. Larger ones cost up to four times as much where memory is fragmented. */
#define WRITE_STEP ((size_t)(128 * 1024))
#define SEND_SIZE (256 * 1024)
#define PATH_SIZE 1024
#define THREADS_MAX 64

struct job {
  struct target target;
  /* `download`, `read` or `upload`, by its first letter. */
  char operation;
  /* `/bucket/key`, or for many the same with a prefix, which ends with a slash. */
  const char *object;
  const char *path;
  long long size;
  long long part_size;
  long long threads;
  /* Of many objects, else NULL. */
  char **names;
  long long count;

  int fd;
  char upload_id[256];
  char (*etags)[80];
  /* Parts, or objects, that have been begun. */
  atomic_llong next;
};

static struct job job;

static void write_all(int fd, const char *bytes, size_t length, long long offset) {
  while (length > 0) {
    size_t step = length < WRITE_STEP ? length : WRITE_STEP;
    ssize_t written = pwrite(fd, bytes, step, offset);
    if (written <= 0) fail("write");
    bytes += written;
    offset += written;
    length -= (size_t)written;
  }
}

/* Takes the rest of a body, into a file unless `fd` is negative. */
static void take_body(struct connection *connection, const struct response *response, char *buffer,
                      int fd, long long offset) {
  long long left = response->length - (long long)response->ahead;
  size_t filled = response->ahead;
  for (;;) {
    if (left == 0 || filled >= WRITE_SIZE) {
      if (fd >= 0) write_all(fd, buffer, filled, offset);
      offset += (long long)filled;
      filled = 0;
    }
    if (left == 0) return;
    size_t room = RECEIVE_SIZE - filled;
    size_t got = receive(connection, buffer + filled, left < (long long)room ? (size_t)left : room);
    filled += got;
    left -= (long long)got;
  }
}

/* Sends `length` bytes of a file behind the head that lies in the buffer already. */
static void send_file(struct connection *connection, char *buffer, size_t head, int fd,
                      long long offset, long long length) {
  do {
    size_t room = SEND_SIZE - head;
    size_t wanted = length < (long long)room ? (size_t)length : room;
    ssize_t got = pread(fd, buffer + head, wanted, offset);
    if (got < 0 || (got == 0 && length > 0)) fail("read");
    send_all(connection, buffer, head + (size_t)got);
    offset += got;
    length -= got;
    head = 0;
  } while (length > 0);
}

static void move_part(struct connection *connection, char *buffer, long long index) {
  long long offset = index * job.part_size;
  long long length = job.size - offset < job.part_size ? job.size - offset : job.part_size;
  struct response response;
  char path[PATH_SIZE];
  if (job.operation == 'u') {
    snprintf(path, sizeof path, "%s?partNumber=%lld&uploadId=%s", job.object, index + 1,
             job.upload_id);
    size_t head = write_head(connection, buffer, SEND_SIZE, "PUT", path, 0, -1, length);
    send_file(connection, buffer, head, job.fd, offset, length);
    read_head(connection, buffer, &response);
    strcpy(job.etags[index], response.etag);
    take_body(connection, &response, buffer, -1, 0);
    return;
  }
  size_t head = write_head(connection, buffer, RECEIVE_SIZE, "GET", job.object, offset,
                           offset + length - 1, -1);
  send_all(connection, buffer, head);
  read_head(connection, buffer, &response);
  if (response.length != length) fail("a range of another length");
  take_body(connection, &response, buffer, job.fd, offset);
}

static void move_object(struct connection *connection, char *buffer, long long index) {
  struct response response;
  char object[PATH_SIZE];
  char path[PATH_SIZE];
  snprintf(object, sizeof object, "%s%s", job.object, job.names[index]);
  snprintf(path, sizeof path, "%s/%s", job.path, job.names[index]);
  int writes = job.operation == 'd';
  int fd = open(path, O_CLOEXEC | (writes ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY), 0666);
  if (fd < 0) fail(path);
  if (writes) {
    size_t head = write_head(connection, buffer, RECEIVE_SIZE, "GET", object, 0, -1, -1);
    send_all(connection, buffer, head);
    read_head(connection, buffer, &response);
    if (response.length != job.size) fail("an object of another length");
    take_body(connection, &response, buffer, fd, 0);
  } else {
    size_t head = write_head(connection, buffer, SEND_SIZE, "PUT", object, 0, -1, job.size);
    send_file(connection, buffer, head, fd, 0, job.size);
    read_head(connection, buffer, &response);
    take_body(connection, &response, buffer, -1, 0);
  }
  close(fd);
}

/* One thread: takes part after part, or object after object. */
static void *work(void *unused) {
  struct connection connection;
  char *buffer = malloc(RECEIVE_SIZE);
  if (buffer == NULL) fail("memory");
  connection_open(&connection, &job.target);
  for (;;) {
    long long index = atomic_fetch_add(&job.next, 1);
    if (index >= job.count) break;
    if (job.names == NULL) move_part(&connection, buffer, index);
    else move_object(&connection, buffer, index);
  }
  connection_close(&connection);
  free(buffer);
  return unused;
}

static void work_in_threads(void) {
  pthread_t threads[THREADS_MAX];
  for (long long i = 1; i < job.threads; i++) {
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) fail("thread");
  }
  work(NULL);
  for (long long i = 1; i < job.threads; i++) pthread_join(threads[i], NULL);
}

/* A small POST; its answer is left in the buffer, ended with a zero. */
static void post(const char *query, const char *body, char *buffer) {
  struct connection connection;
  struct response response;
  char path[PATH_SIZE];
  connection_open(&connection, &job.target);
  snprintf(path, sizeof path, "%s?%s", job.object, query);
  size_t length = strlen(body);
  size_t head =
      write_head(&connection, buffer, RECEIVE_SIZE, "POST", path, 0, -1, (long long)length);
  send_all(&connection, buffer, head);
  send_all(&connection, body, length);
  read_head(&connection, buffer, &response);
  if (response.length >= RECEIVE_SIZE) fail("an answer that is too long");
  for (size_t have = response.ahead; have < (size_t)response.length;) {
    have += receive(&connection, buffer + have, (size_t)response.length - have);
  }
  buffer[response.length] = '\0';
  connection_close(&connection);
}

static void begin_upload(char *buffer) {
  post("uploads", "", buffer);
  const char *id = strstr(buffer, "<UploadId>");
  size_t length = id == NULL ? 0 : strcspn(id + 10, "<");
  if (length == 0 || length >= sizeof job.upload_id) fail("no upload id");
  memcpy(job.upload_id, id + 10, length);
  job.etags = calloc((size_t)job.count, sizeof *job.etags);
  if (job.etags == NULL) fail("memory");
}

static void complete_upload(char *buffer) {
  char *body = malloc((size_t)job.count * 160 + 100);
  if (body == NULL) fail("memory");
  size_t size = (size_t)sprintf(body, "<CompleteMultipartUpload>");
  for (long long i = 0; i < job.count; i++) {
    const char *part = "<Part><PartNumber>%lld</PartNumber><ETag>%s</ETag></Part>";
    size += (size_t)sprintf(body + size, part, i + 1, job.etags[i]);
  }
  strcpy(body + size, "</CompleteMultipartUpload>");
  char query[sizeof job.upload_id + 16];
  snprintf(query, sizeof query, "uploadId=%s", job.upload_id);
  post(query, body, buffer);
  if (strstr(buffer, "CompleteMultipartUploadResult") == NULL) fail("the upload was not completed");
  free(body);
}

static void move_one(void) {
  char *buffer = malloc(RECEIVE_SIZE);
  if (buffer == NULL) fail("memory");
  job.count = (job.size + job.part_size - 1) / job.part_size;
  if (job.count < job.threads) job.threads = job.count;
  if (job.operation == 'u') {
    job.fd = open(job.path, O_RDONLY | O_CLOEXEC);
    begin_upload(buffer);
  } else if (job.operation == 'd') {
    job.fd = open(job.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (job.operation != 'r' && job.fd < 0) fail(job.path);
  work_in_threads();
  if (job.operation == 'u') complete_upload(buffer);
  if (job.operation == 'd' && fsync(job.fd) != 0) fail("fsync");
  free(buffer);
}

/* Reads the names, one a line, and makes the directories they lie in. */
static void read_names(const char *list) {
  FILE *file = fopen(list, "r");
  if (file == NULL) fail(list);
  job.names = calloc((size_t)job.count, sizeof *job.names);
  if (job.names == NULL) fail("memory");
  size_t capacity = 0;
  for (long long i = 0; i < job.count; i++) {
    capacity = 0;
    ssize_t length = getline(&job.names[i], &capacity, file);
    if (length < 2) fail("too few names");
    job.names[i][length - 1] = '\0';
    char *slash = strrchr(job.names[i], '/');
    if (job.operation != 'd' || slash == NULL) continue;
    char directory[PATH_SIZE];
    snprintf(directory, sizeof directory, "%s/%.*s", job.path, (int)(slash - job.names[i]),
             job.names[i]);
    mkdir(directory, 0777);
  }
  fclose(file);
}

/* floor --version
   floor OPERATION HOST PORT CA_FILE|- OBJECT PATH SIZE PART_SIZE THREADS COUNT NAMES|- */
int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("%s\n", tls_version());
    return 0;
  }
  if (argc != 12) fail("it takes 11 arguments");
  job.operation = argv[1][0];
  job.target.host = argv[2];
  job.target.port = argv[3];
  job.target.ca_file = strcmp(argv[4], "-") == 0 ? NULL : argv[4];
  job.object = argv[5];
  job.path = argv[6];
  job.size = atoll(argv[7]);
  job.part_size = atoll(argv[8]);
  job.threads = atoll(argv[9]);
  job.count = atoll(argv[10]);
  job.fd = -1;
  if (job.threads < 1 || job.threads > THREADS_MAX || job.part_size < 1) fail("bad arguments");
  if (strcmp(argv[11], "-") == 0) {
    move_one();
    return 0;
  }
  read_names(argv[11]);
  work_in_threads();
  return 0;
}
