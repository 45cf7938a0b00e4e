/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/ctx.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

int lm_ctx_new(struct lm_ctx **ctx, struct lm_error *err)
{
	*ctx = calloc(1, sizeof(**ctx));
	if (!*ctx)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Starting failed"));
	return 0;
}

void lm_ctx_free(struct lm_ctx *ctx)
{
	free(ctx);
}

void lm_ctx_set_log(struct lm_ctx *ctx, lm_log_fn fn, void *arg)
{
	ctx->log = fn;
	ctx->log_arg = arg;
}

void lm_ctx_set_engine(struct lm_ctx *ctx, enum lm_engine engine)
{
	ctx->engine = engine;
}

enum lm_engine lm_ctx_engine(const struct lm_ctx *ctx)
{
	return ctx->engine;
}

void ctx_log(const struct lm_ctx *ctx, enum lm_log_level level, const char *format, ...)
{
	char raw[1024], line[1024];
	va_list args;

	if (!ctx || !ctx->log)
		return;
	va_start(args, format);
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_printable(line, sizeof(line), raw);
	ctx->log(ctx->log_arg, level, line);
}
