#pragma once

/* Of the kernel what the program uses: the interface (linux/bpf.h) and, of its inner structures, the fields
 * that are read; libbpf moves these to where the running kernel has them (CO-RE). */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum {
    BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
};

enum sk_action {
    SK_DROP = 0,
    SK_PASS = 1,
};

/* The context of a program of type sk_reuseport. */
struct sk_reuseport_md {
    void *data __attribute__((aligned(8)));
    void *data_end __attribute__((aligned(8)));
    __u32 len;
    __u32 eth_protocol;
    __u32 ip_protocol;
    __u32 bind_inany;
    __u32 hash; /* of both addresses and ports */
};

struct sock {
    __u32 sk_ack_backlog;
} __attribute__((preserve_access_index));

struct reuseport_array {
    struct sock *ptrs[0];
} __attribute__((preserve_access_index));
