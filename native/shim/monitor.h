/* What the monitor's parts have of each other. It has one process tree, so there is one of everything.
 *
 *   start.c    makes what is supervised, once            monitor.c  the tree's state, init's messages and end, the loop
 *   clients.c  control clients, and those that attached  streams.c  the process's standard streams
 *   sources.c  what is waited for                        oom.c      memory that ran out
 */
#ifndef BERTH_MONITOR_H
#define BERTH_MONITOR_H

#include <limits.h>
#include "shim.h"

#define MAX_CLIENTS 64

/* Of the launch record, for the message goes once all has started. Paths that are not given are "". */
struct launch {
	int terminal, stdin_mode, mode;
	int waits_once; /* to be let go, by a word that may come before */
	char adopt_file[32], console_path[108];
	char log_path[PATH_MAX], oom_path[PATH_MAX]; /* oom_path: memory.oom_control (v1) or memory.events (v2) */
};
extern struct launch launch;
extern struct state state;
extern uint32_t failed_step; /* start.c: the plan's step it is at; ~0: none */

/* ---- sources.c ---- */
enum { SIGNALS, LISTENER, SYNC, CONSOLE, OOM, OUT, ERR, IN, CLIENTS, SOURCES = CLIENTS + MAX_CLIENTS };
int sources_open(void);
/* -1 when there is none. */
int source_fd(int i);
void set_source(int i, int fd, uint32_t events);
/* Wait for these EPOLL*; 0 for nothing, not even a hang-up. */
void watch(int i, uint32_t events);
void drop(int i);
void sources_wait(int timeout_ms, void (*happened)(int i, uint32_t events));

/* ---- streams.c ---- */
/* The child's ends in child[]. */
int streams_open(int child[3]);
void take_terminal(int master);
int resize_terminal(uint32_t rows, uint32_t columns);
void streams_watch(void);
/* Read and pass on until nothing is there, or somebody is slow. */
void pump(int source);
int input_waits(void);
/* Bytes taken from a client's socket, 0 at its end, or -1; they are the process's input only if it `has_stdin`. */
ssize_t take_input(int fd, int has_stdin);
void push_input(void);
void close_input(void);
/* The process is gone: what is still in its streams has a while to come. */
void streams_ended(void);
int streams_drained(void);
void end_output(int source);

/* ---- clients.c ---- */
void accept_clients(void);
void client_event(int i, uint32_t events);
void clients_watch(void);
/* A frame to all that have not attached. */
void tell(uint32_t type, const void *bytes, uint32_t length);
void tell_state(void);
void tell_rotated(void);
/* To all that attached; the bytes stay until clients_behind() is 0. */
void deliver(int stream, const char *bytes, uint32_t length);
/* How many have not taken what was delivered, or hold the output. */
int clients_behind(void);
void drop_behind(void);
/* All of them: whose stream this is sees its end. */
void drop_clients(void);

/* ---- oom.c ---- */
void watch_oom(void);
void on_oom(void);
int ran_out(void);

/* ---- monitor.c: what clients ask for; 0 or an errno ---- */
int monitor_go(uint32_t point);
int monitor_signal(int number);
void take_init(int pid);
void take_command(int pid);
/* Let init go on, which hears its pid on the host. */
int monitor_release(int pid);
uint64_t now_ms(void);

#endif
