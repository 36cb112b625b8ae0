// A small library that breaks its own rules, one way per type: it shows that the architecture test can fail.

namespace Stemsharp.Tests.Architecture.Sample
{
    public class SampleException(string message) : Exception(message);

    public class Composer
    {
        public Upper.Allowed? Part { get; set; }

        public Upper.Folder.Hidden? Another { get; set; }
    }
}

namespace Stemsharp.Tests.Architecture.Sample.Lower
{
    public class Base;

    public interface IContract;

    [AttributeUsage(AttributeTargets.All)]
    public sealed class MarkAttribute : Attribute;

    public static class Tools
    {
        internal static int Count = 1;

        public static void Use<T>() { }
    }

    public class LowerException : Exception;
}

namespace Stemsharp.Tests.Architecture.Sample.Upper
{
    public class Allowed : Lower.Base
    {
        public static void Fail() => throw new SampleException("any room may");
    }

    public class Keeper : Folder.Hidden;
}

namespace Stemsharp.Tests.Architecture.Sample.Upper.Folder
{
    public class Hidden : Lower.Base;
}

namespace Stemsharp.Tests.Architecture.Sample.Upper.Other
{
    public class Neighbour : Folder.Hidden
    {
        public Keeper? Above { get; set; }
    }
}

namespace Stemsharp.Tests.Architecture.Sample.Side
{
    public class ByBase : Lower.Base;

    public class ByInterface : Lower.IContract;

    public class ByField { internal List<Lower.Base[]> Held = []; }

    public class ByProperty { public Lower.Base? Held { get; set; } }

    public class ByParameter { public static void Take(ref Lower.Base held) => held = null!; }

    public class ByCall { public static void Call() => Lower.Tools.Use<int>(); }

    public class ByGenericCall { public static object Call() => Array.Empty<Lower.Base>(); }

    public class ByStaticField { public static int Read() => Lower.Tools.Count; }

    public class ByLambda { public static Func<object> Make() => () => new Lower.Base(); }

    public class ByNested { public class Inner : Lower.Base; }

    public class ByTypeOf { public static Type Name() => typeof(Lower.Base); }

    [Lower.Mark]
    public class ByAttribute;

    public class ByConstraint<T> where T : Lower.Base;

    public class ByCatch
    {
        public static void Run(Action action)
        {
            try { action(); }
            catch (Lower.LowerException) { }
        }
    }

    public class ByRoot { internal Composer Held = new(); }

    public class Clean { internal Clean[] Others = []; }
}

namespace Stemsharp.Tests.Architecture.Sample.Attic
{
    public class Forgotten;
}
