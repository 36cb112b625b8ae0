using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace Stemsharp.Web.Api;

/// <summary>What only the description of the API names: refusals in the form that ASP.NET has for them, and files.</summary>
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(Stream))]
internal sealed partial class DocumentJson : JsonSerializerContext;
