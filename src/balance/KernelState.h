#pragma once

/* What the kernel program and the launcher share: the one variable of the program, which the launcher
 * maps into its memory (BPF_F_MMAPABLE, Linux 5.5). C, for both sides; the sizes are fixed. */

enum {
    MOST_SEATS = 4096, /* a power of two */
};

/** What the program knows of a seat. Written without locks: a lost update costs one turn. */
struct seat_account {
    unsigned long long given; /* connections or datagrams */
    unsigned long long moved; /* the clock when its queue was last seen empty or shorter */
    int owed; /* turns; negative: it is ahead */
    unsigned seen; /* its queue then, and what it was given since */
};

/** A list of the active seats in two halves. The launcher writes the half that is not in use and then
 *  `live`, in one store, so that a set changes as a whole; it never stores an empty one. */
struct steering_state {
    unsigned long long live; /* half of `turns` << 32 | how many seats are in it */
    unsigned long long turn; /* the clock: a connection, a tick */
    unsigned long long strained; /* the clock when a seat whose turn it was last had a queue */
    unsigned long long liveliest; /* position of the last seat whose queue had moved at its turn */
    unsigned turns[2][MOST_SEATS];
    struct seat_account accounts[MOST_SEATS];
};
