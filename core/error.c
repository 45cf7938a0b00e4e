/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"

/* Some codes mean something else to the owner of a stick than to a C library. */
static void set_reason(struct lm_error *err, int code)
{
	const char *text;
	char buf[160];

	switch (-code) {
	case ECANCELED:
		text = _("you stopped it");
		break;
	case ENOSPC:
		text = _("there is no room left");
		break;
	case EIO:
		text = _("the device reported a read or write error (EIO)");
		break;
	case EROFS:
		text = _("it is read-only");
		break;
	case ELOOP:
		text = _("it is a symbolic link, or lies behind one, and none is followed");
		break;
	case ENOSTR:
		text = _("it is a device, a pipe or a socket where a file is expected, and is not "
			 "opened");
		break;
	case EMLINK:
		text = _("it has another name as well (a hard link), and writing to it would change "
			 "that, too");
		break;
	case ENODATA:
		text = _("it ends too early");
		break;
	default:
#ifdef STRERROR_R_CHAR_P
		text = strerror_r(-code, buf, sizeof(buf)); /* which may leave buf alone */
#else
		if (strerror_r(-code, buf, sizeof(buf)) != 0)
			snprintf(buf, sizeof(buf), "errno %d", -code);
		text = buf;
#endif
		break;
	}
	text_printable(err->why, sizeof(err->why), text);
}

static void set_what(struct lm_error *err, const char *format, va_list args)
{
	char raw[sizeof(err->what)];

	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	text_printable(err->what, sizeof(err->what), raw);
}

static _Thread_local unsigned files_short;

unsigned lm_files_short(void)
{
	return files_short;
}

void lm_files_note(long code)
{
	if (code == -EMFILE || code == -ENFILE)
		files_short++;
}

int lm_files_fail(struct lm_error *err, const char *on)
{
	return lm_fail(
		err, -EMFILE, on,
		_("Nothing is wrong with the stick. End other programs, or let more files be "
		  "open (`ulimit -n 1024`), and try again."),
		"%s", _("The stick could not be looked at"));
}

static void start(struct lm_error *err, int code, const char *on, const char *help)
{
	lm_error_clear(err);
	err->code = code;
	err->outcome = code == -ECANCELED ? LM_CANCELLED : LM_UNCHANGED;
	text_printable(err->on, sizeof(err->on), on);
	text_printable(err->help, sizeof(err->help), help);
}

int lm_fail(struct lm_error *err, int code, const char *on, const char *help, const char *what, ...)
{
	va_list args;

	lm_files_note(code);
	if (!err)
		return code;
	start(err, code, on, help);
	set_reason(err, code);
	va_start(args, what);
	set_what(err, what, args);
	va_end(args);
	return code;
}

int lm_because(struct lm_error *err, const char *why, ...)
{
	char raw[sizeof(err->why)];
	va_list args;

	if (!err)
		return -EIO;
	va_start(args, why);
	if (vsnprintf(raw, sizeof(raw), why, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_printable(err->why, sizeof(err->why), raw);
	return err->code;
}

int lm_refuse(struct lm_error *err, int code, const char *on, const char *help, const char *why,
	      const char *what, ...)
{
	va_list args;

	lm_files_note(code);
	if (!err)
		return code;
	start(err, code, on, help);
	err->outcome = LM_REFUSED;
	text_printable(err->why, sizeof(err->why), why);
	va_start(args, what);
	set_what(err, what, args);
	va_end(args);
	return code;
}

void lm_error_help(struct lm_error *err, const char *help)
{
	if (err && !err->help[0])
		text_printable(err->help, sizeof(err->help), help);
}

void lm_error_clear(struct lm_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}
