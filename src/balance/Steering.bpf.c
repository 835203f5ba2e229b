/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */

/* Chooses inside the kernel which seat gets a connection (program `rr`, for TCP) or a datagram (`flow`, for
 * UDP). The sockets of a group are in a map, seat -> socket: their order in the group, holes, and members that
 * are parked do not matter.
 *
 * rr: strict turns, on credit. A seat that still has connections in its queue lets a seat with an
 * empty queue take its turn. It is owed that turn and gets it back from one that is ahead as soon
 * as its own queue is empty; nobody is owed more than LIMIT, so that shares stay equal. After two
 * rounds without a queue (a round: every seat had its turn) all is forgotten: connections one after
 * the other go in strict turns.
 * A seat that is owed LIMIT turns keeps its turn, queue or not, as long as something leaves its
 * queue from one turn to the next. If nothing does, it gets no connection while another seat has an
 * empty queue, and is not owed the turn.
 * If nobody has an empty queue, a seat keeps its turn, unless it is stuck: nothing left its queue
 * for more than FACTOR times as many rounds as for most of the others, or LONG times as many as for
 * the one that moved last. A backlog alone says nothing: workers that wait for a processor have one
 * too. The turn of a stuck seat goes to the next that is not; beyond LIMIT it is lost and not owed.
 * The first connection that a stuck seat takes ends that.
 * One queue is read a connection; those of up to TRIES - 1 others, and of the one that moved last,
 * only if it is not empty or the seat is ahead.
 *
 * Where the queues cannot be read (`reads_queues` is false, or a kernel before 6.2 without the kfunc) the turns
 * are strict.
 *
 * Either always selects: a pass without a selection would be hashed over all members of the group, parked ones
 * too. A seat that has no socket is replaced by the next that has one; if none has, the packet is dropped. */

#include "KernelTypes.h"
#include "KernelState.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

enum {
    TRIES = 8,
    LIMIT = 16,
    FACTOR = 8,
    LONG = 64,
    MOST_LOST = 32,
    STRIDE = 16, /* its third power: MOST_SEATS */
};

char program_license[] SEC("license") = "GPL";

/* Lets the verifier trust a pointer into the kernel for reading (Linux 6.2). */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

struct {
    __uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, MOST_SEATS);
} sockets SEC(".maps");

/* Set before the program is loaded; what it rules out is then no part of the program. */
const volatile bool reads_queues = 1;

struct steering_state state;

/* An index as the verifier wants it: its bound is not optimized away. */
static __always_inline __u64 within(__u64 index) {
    asm volatile("" : "+r"(index));
    return index & (MOST_SEATS - 1);
}

static __always_inline struct seat_account *account(__u32 seat) {
    return &state.accounts[within(seat)];
}

static __always_inline __u32 seat_at(__u64 set, __u64 position) {
    return state.turns[set >> 32 & 1][within(position % (__u32)set)];
}

/* Functions that are not static are verified once, not once a call: inlined, the whole would be more than the
 * verifier goes through (a million instructions). */

/* The length of its queue, from the socket itself. */
__noinline __u32 look(__u32 seat, __u64 now) {
    struct reuseport_array *array;
    struct sock *socket = 0;
    struct seat_account *its = account(seat);
    __u32 queue;

    if (!reads_queues || !bpf_rdonly_cast)
        return 0;
    array = bpf_rdonly_cast(&sockets, bpf_core_type_id_kernel(struct reuseport_array));
    bpf_probe_read_kernel(&socket, sizeof(socket),
                          (void *)array + bpf_core_field_offset(array->ptrs) +
                              within(seat) * sizeof(socket));
    if (!socket)
        return 0;
    socket = bpf_rdonly_cast(socket, bpf_core_type_id_kernel(struct sock));
    queue = socket->sk_ack_backlog;
    if (queue == 0 || queue < its->seen)
        its->moved = now;
    its->seen = queue;
    return queue;
}

/* For how many rounds nothing has left its queue. Another processor may be ahead of this `now`. */
static __always_inline __u64 rounds_still(__u64 set, __u64 position, __u64 now) {
    __u64 moved = account(seat_at(set, position))->moved;

    return moved < now ? (now - moved) / (__u32)set : 0;
}

/* After a look that saw a queue: are most of the others (all but a quarter: several may be stuck at
 * once) that much livelier, or has the liveliest moved so much later? */
__noinline int is_stuck(__u64 set, __u64 position, __u64 now) {
    __u64 still = rounds_still(set, position, now);
    __u32 others = 0, livelier = 0;

    if (still == 0)
        return 0;
    if (still > LONG * (1 + rounds_still(set, state.liveliest, now)))
        return 1;
    for (__u32 i = 1; i < TRIES && i < (__u32)set; i++, others++)
        if (still > FACTOR * rounds_still(set, position + i, now))
            livelier++;
    return others && livelier >= others - (others + 1) / 4;
}

/* How many positions after this one the seat is that moved last. */
static __always_inline __u32 to_liveliest(__u64 set, __u64 at) {
    __u32 count = (__u32)set;

    return (state.liveliest % count + count - at % count) % count;
}

/* A seat that has no socket is not. */
static __always_inline bool is_free(__u64 set, __u64 position, __u64 now) {
    __u32 seat = seat_at(set, position);

    return look(seat, now) == 0 && account(seat)->moved >= now;
}

enum {
    LOST = -1,
};

/* Who takes the turn of the seat at the position: the one that is so many behind it, itself (0), or
 * nobody. */
__noinline int take(__u64 set, __u64 at, __u64 now) {
    __u32 seat = seat_at(set, at), queue = look(seat, now), best = 0;
    bool still = rounds_still(set, at, now) != 0, grows = queue && still, stuck;
    __s32 due, most;

    if (queue)
        state.strained = now;
    else if (now - state.strained > 2 * (__u32)set)
        account(seat)->owed = 0;
    if (!still)
        state.liveliest = at;

    due = account(seat)->owed;
    if (grows && due >= LIMIT && is_free(set, state.liveliest, now))
        return LOST;

    /* Whoever is owed most among those that are free; if this one does not wait, only who is
     * owed at all. */
    most = !queue ? 0 : grows ? -LIMIT - 1 : -LIMIT;
    for (__u32 i = 1;
         i < TRIES && i < (__u32)set && (grows || (queue ? due < LIMIT : due < 0)); i++) {
        __s32 its = account(seat_at(set, at + i))->owed;

        if (its <= most || !is_free(set, at + i, now))
            continue;
        most = its;
        best = i;
    }
    /* Those that were tried may all have a queue, and others not. */
    if (grows && best == 0 && is_free(set, state.liveliest, now))
        return LOST;

    stuck = queue && best == 0 && is_stuck(set, at, now);
    for (__u32 i = 1; i < TRIES && i < (__u32)set && stuck && due < LIMIT && best == 0; i++) {
        if (!is_free(set, at + i, now) && is_stuck(set, at + i, now))
            continue;
        most = account(seat_at(set, at + i))->owed;
        best = i;
    }

    if (due >= LIMIT)
        return best || stuck ? LOST : 0;
    if (best) {
        account(seat)->owed = due + 1;
        account(seat_at(set, at + best))->owed = most > -LIMIT ? most - 1 : -LIMIT;
    }
    return best;
}

/* Who takes the turn: so many positions from it on. */
static __always_inline __u32 choose(__u64 set, __u64 now) {
    __u32 lost = 0;

    for (; lost < MOST_LOST && lost < (__u32)set; lost++) {
        int taker = take(set, now + lost, now);

        if (taker == LOST)
            continue;
        if (lost)
            __sync_fetch_and_add(&state.turn, lost);
        return lost + taker;
    }
    /* All that were tried are stuck. If all are, it is as if none were. */
    if (is_stuck(set, state.liveliest, now))
        return 0;
    __sync_fetch_and_add(&state.turn, lost);
    return to_liveliest(set, now);
}

/* The seat at the position, or the next of so many that has a socket. Three short loops, unrolled, and each
 * function is verified once: without CAP_PERFMON the verifier also follows every wrong guess of a processor, which
 * never leaves a longer loop. */

__noinline int give_16(struct sk_reuseport_md *md, __u64 set, __u64 position) {
#pragma clang loop unroll(full)
    for (__u32 i = 0; i < STRIDE; i++) {
        __u32 seat = seat_at(set, position + i);

        if (bpf_sk_select_reuseport(md, &sockets, &seat, 0))
            continue;
        account(seat)->seen++;
        __sync_fetch_and_add(&account(seat)->given, 1);
        return SK_PASS;
    }
    return SK_DROP;
}

__noinline int give_256(struct sk_reuseport_md *md, __u64 set, __u64 position) {
#pragma clang loop unroll(full)
    for (__u32 i = 0; i < STRIDE; i++)
        if (give_16(md, set, position + i * STRIDE) == SK_PASS)
            return SK_PASS;
    return SK_DROP;
}

__noinline int give(struct sk_reuseport_md *md, __u64 set, __u64 position) {
    if (give_16(md, set, position) == SK_PASS)
        return SK_PASS;
    if ((__u32)set <= STRIDE)
        return SK_DROP;
#pragma clang loop unroll(full)
    for (__u32 i = 0; i < STRIDE; i++)
        if (give_256(md, set, position + i * STRIDE * STRIDE) == SK_PASS)
            return SK_PASS;
    return SK_DROP;
}

static __always_inline bool is_valid(__u64 set) {
    return (__u32)set != 0 && (__u32)set <= MOST_SEATS;
}

/* Also asked where to move what a socket leaves behind that is shut down (migrate, Linux 5.14). */
SEC("sk_reuseport/migrate")
int rr(struct sk_reuseport_md *md) {
    __u64 set = state.live, now = __sync_fetch_and_add(&state.turn, 1), position = now;

    if (!is_valid(set))
        return SK_DROP;
    if (reads_queues && bpf_rdonly_cast)
        position += choose(set, now);
    return give(md, set, position);
}

/* A flow stays where it is as long as the set does not change. */
SEC("sk_reuseport")
int flow(struct sk_reuseport_md *md) {
    __u64 set = state.live;

    if (!is_valid(set))
        return SK_DROP;
    return give(md, set, md->hash);
}
