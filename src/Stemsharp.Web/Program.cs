using Stemsharp.Web.Hosting;

return await ServeProcess.RunAsync(args).ConfigureAwait(false);
