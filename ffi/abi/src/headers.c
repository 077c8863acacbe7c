/*
 * What the platform's own headers say, read by the platform's own compiler. The tables come from the
 * lists in names/, by way of build.rs.
 */

#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#endif

#ifdef __APPLE__
#include <sys/ucred.h>
#define CMSG_ALIGN(length) __DARWIN_ALIGN32(length)
#endif

struct constant { const char *name; double value; };
struct type { const char *name; int32_t size; int32_t is_signed; };
struct field { const char *name; int32_t offset; int32_t width; };
struct layout {
    const char *name;
    int32_t size;
    const struct field *fields;
    void (*image)(void *out, const int64_t *values);
};

#define TYPE(t) { #t, (int32_t) sizeof(t), (t) -1 < (t) 1 }
#define FIELD(s, f) { #f, offsetof(struct s, f), sizeof(((struct s *) 0)->f) }
#define LAYOUT(s) { #s, sizeof(struct s), s##_fields, s##_image }
#define PLAIN(place, value) ((place) = (__typeof__(place)) (value))
#define BYTES(place, value) \
    memcpy(&(place), &(value), sizeof(place) < sizeof(value) ? sizeof(place) : sizeof(value))

#include "names.c.h"

/* Nothing in the answers tells an absent name from a NaN or a negative size: both mean "not here". */

static int same(const char *name, const char *wanted, size_t length)
{
    return strlen(name) == length && memcmp(name, wanted, length) == 0;
}

int32_t headers_constant(const char *name, size_t length, double *value)
{
    for (const struct constant *it = constants; it->name; it++)
        if (same(it->name, name, length)) {
            *value = it->value;
            return 1;
        }
    return 0;
}

/* The size in bytes, negative for a signed type, 0 for an unknown one. */
int32_t headers_type(const char *name, size_t length)
{
    for (const struct type *it = types; it->name; it++)
        if (same(it->name, name, length)) return it->is_signed ? -it->size : it->size;
    return 0;
}

static const struct layout *layout(const char *name, size_t length)
{
    for (const struct layout *it = layouts; it->name; it++)
        if (same(it->name, name, length)) return it;
    return 0;
}

int32_t headers_size(const char *name, size_t length)
{
    const struct layout *it = layout(name, length);
    return it ? it->size : -1;
}

/* Field number `index`: its name, offset and width. */
int32_t headers_field(const char *name, size_t length, uint32_t index, const char **field,
    int32_t *offset, int32_t *width)
{
    const struct layout *it = layout(name, length);
    if (!it) return 0;
    for (const struct field *f = it->fields; f->name; f++)
        if (index-- == 0) {
            *field = f->name;
            *offset = f->offset;
            *width = f->width;
            return 1;
        }
    return 0;
}

/* The struct with each field set to the value of the same number. */
int32_t headers_image(const char *name, size_t length, const int64_t *values, void *out)
{
    const struct layout *it = layout(name, length);
    if (!it) return -1;
    it->image(out, values);
    return it->size;
}

uint32_t headers_cmsg(uint32_t what, uint32_t length)
{
    switch (what) {
    case 0: return (uint32_t) CMSG_ALIGN((size_t) length);
    case 1: return (uint32_t) CMSG_LEN((size_t) length);
    default: return (uint32_t) CMSG_SPACE((size_t) length);
    }
}

/*
 * A control buffer as a C program writes it, with the macros of its libc: descriptors in one item, then
 * one item of `extra` bytes that count up from 1, of another type.
 */
int32_t headers_control(const int32_t *fds, uint32_t count, uint32_t extra, int32_t type, uint8_t *out,
    uint32_t capacity)
{
    size_t rights = count * sizeof(int32_t);
    size_t used = CMSG_SPACE(rights) + (extra ? CMSG_SPACE(extra) : 0);
    if (used > capacity) return -1;
    struct msghdr message;
    memset(&message, 0, sizeof message);
    memset(out, 0, used);
    message.msg_control = out;
    message.msg_controllen = used;

    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(rights);
    memcpy(CMSG_DATA(item), fds, rights);
    if (extra) {
        item = CMSG_NXTHDR(&message, item);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = type;
        item->cmsg_len = CMSG_LEN(extra);
        for (uint32_t i = 0; i < extra; i++) CMSG_DATA(item)[i] = (uint8_t) (i + 1);
    }
    return (int32_t) used;
}

/*
 * An address as a C program writes it: `path` of `length` bytes, with a final NUL in a path that has
 * room for it. Returns the address length.
 */
int32_t headers_sockaddr(const uint8_t *path, uint32_t length, uint8_t *out)
{
    struct sockaddr_un address;
    if (length > sizeof address.sun_path) return -1;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, length);
    int named = length > 0 && path[0] != 0 && length < sizeof address.sun_path;
    size_t used = offsetof(struct sockaddr_un, sun_path) + length + (named ? 1 : 0);
#ifdef __APPLE__
    address.sun_len = (unsigned char) used;
#endif
    memcpy(out, &address, used);
    return (int32_t) used;
}
