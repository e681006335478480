/* Finding one's way in JSON without copying it: just what the load client needs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Returns the end of the value that begins at p; e itself where it does not end. */
static const char *skip(const char *p, const char *e) {
    int depth = 0, quoted = 0;
    for (; p < e; p++) {
        if (quoted) {
            if (*p == '\\') p++;
            else if (*p == '"') {
                quoted = 0;
                if (!depth) return p + 1;
            }
        } else if (*p == '"') quoted = 1;
        else if (*p == '{' || *p == '[') depth++;
        else if (*p == '}' || *p == ']') {
            if (!depth) return p;
            if (!--depth) return p + 1;
        } else if (*p == ',' && !depth) return p;
    }
    return e;
}

/* Returns where the value of a key of the object at p begins, NULL if it has no such key. */
static const char *value_of(const char *p, const char *e, const char *key) {
    size_t size = strlen(key);
    if (p >= e || *p != '{') return NULL;
    for (p++; p < e && *p == '"';) {
        const char *name = p + 1, *end = skip(p, e);
        p = end + 1; /* the colon */
        if ((size_t)(end - 1 - name) == size && !memcmp(name, key, size)) return p < e ? p : NULL;
        p = skip(p, e);
        if (p < e && *p == ',') p++;
    }
    return NULL;
}

/* Returns the whole number of a key, -1 if there is none. */
static int64_t number_of(const char *p, const char *e, const char *key) {
    const char *at = value_of(p, e, key);
    return at && *at >= '0' && *at <= '9' ? strtoll(at, NULL, 10) : -1;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Returns what `part` of the sorted figures stay below or at. */
static int64_t at_part(const int64_t *sorted, long count, double part) {
    long place = (long)(part * count + 0.999999) - 1;
    return count ? sorted[place < 0 ? 0 : place] : 0;
}
