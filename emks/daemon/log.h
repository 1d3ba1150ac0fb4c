/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on standard error, with systemd's priorities if it reads them. Never a secret in one. */
#ifndef EMKS_LOG_H
#define EMKS_LOG_H

/* A thing the daemon or its operator did; from any thread. */
__attribute__((format(printf, 1, 2))) void log_note(const char *format, ...);

/* Something that needs the operator. */
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);

/* What someone on the network can bring about: at most 20 lines a second, the rest is counted. */
__attribute__((format(printf, 1, 2))) void log_event(const char *format, ...);

#endif
